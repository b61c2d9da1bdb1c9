using P2PGrpc.Core.Overlay;
using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>Who links with whom in a room, on virtual time. L1 needs a path between all members; these runs show that there is one.</summary>
public sealed class OverlayTests
{
    private static readonly OverlayLimits Limits = new();

    /// <summary>All join by the first one's ticket. Up to 31 members are a full mesh.</summary>
    [Theory]
    [InlineData(5, 130)]
    [InlineData(31, 25)]
    public void A_small_room_becomes_a_full_mesh(int members, int seeds)
    {
        for (var seed = 0; seed < seeds; seed++)
        {
            var run = Grow(seed, members, within: 20);
            run.RunUntil(run.IsFullMesh, 120, "all are linked with all");
            run.Run(300);
            Assert.True(run.IsFullMesh());
            Assert.Equal(0, run.Drops);
            Fail(run, members / 2);
            run.RunUntil(run.IsFullMesh, 30, "those that are left are linked with each other");
        }
    }

    /// <summary>L3: what one member says of the room's size has nobody let go of a link, or make one.</summary>
    [Theory]
    [InlineData(14, 1_000_000, 1_000_000)]
    [InlineData(25, 1_000_000, 0)]
    [InlineData(25, 0, 0)]
    [InlineData(31, 0, 1_000_000)]
    public void One_member_that_lies_about_their_number_disturbs_nobody(int members, int first, int then)
    {
        var run = Grow(seed: members, members, within: 20);
        run.RunUntil(run.IsFullMesh, 120, "all are linked with all");
        run.Nodes[members / 2].Claim = now => now / 40 % 2 == 0 ? first : then;
        var links = run.LinksMade;
        for (var minute = 0; minute < 30; minute++)
        {
            run.Run(60);
            Assert.True(run.IsFullMesh(), run.Describe());
        }

        Assert.Equal(0, run.Drops);
        Assert.Equal(links, run.LinksMade);
    }

    /// <summary>Degrees stay near what is wanted, paths short, and half of the members may fail at once.</summary>
    [Theory]
    [InlineData(60, 30)]
    [InlineData(100, 15)]
    public void L1_A_larger_room_is_connected_with_few_links_each_also_after_half_of_it_fails(int members, int seeds)
    {
        for (var seed = 0; seed < seeds; seed++)
        {
            var run = Grow(seed, members, within: 60);
            run.RunUntil(run.IsConnected, 120, "all are connected");
            run.Run(240);
            RequireShape(run);
            Fail(run, members * (30 + seed % 21) / 100);
            run.RunUntil(run.IsConnected, 60, "those that are left are connected");
            run.Run(120);
            RequireShape(run);
        }
    }

    [Fact]
    public void L1_A_room_of_a_thousand_is_connected_over_short_paths_also_after_half_of_it_fails()
    {
        var run = Grow(seed: 1, members: 1000, within: 120);
        run.RunUntil(run.IsConnected, 120, "all are connected");
        run.Run(100);
        var (told, drops) = (run.Told, run.Drops);
        run.Run(20);
        RequireShape(run);
        TestContext.Current.TestOutputHelper!.WriteLine($"{run.Describe()}; {run.Told - told} and {run.Drops - drops} in the last 20 s");
        Fail(run, 500);
        run.RunUntil(run.IsConnected, 60, "those that are left are connected");
        run.Run(30);
        RequireShape(run);
        TestContext.Current.TestOutputHelper!.WriteLine(run.Describe());
    }

    /// <summary>Each half has neighbours enough, so that only links that nobody needs find the other again.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void L1_Halves_that_were_split_for_a_quarter_of_an_hour_join_again(int seed)
    {
        var run = Grow(seed, members: 80, within: 30);
        run.Run(300);
        run.Cut((one, other) => one % 2 != other % 2);
        run.RunUntil(() => !run.IsConnected(), 60, "the halves are split");
        run.Run(15 * 60);
        Assert.False(run.IsConnected());
        run.Cut(null);
        run.RunUntil(run.IsConnected, 120, "the halves are joined");
        run.Run(120);
        RequireShape(run);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void L1_Members_that_come_and_go_all_the_time_stay_connected(int seed)
    {
        var random = new Random(seed);
        var run = Grow(seed, members: 60, within: 60);
        run.Run(120);
        for (var round = 0; round < 100; round++)
        {
            if (round % 2 == 0)
                run.Fail(Choose(run, random));
            run.Join(ticketOf: Choose(run, random).Number);
            run.Run(5);
        }

        run.RunUntil(run.IsConnected, 60, "all are connected");
        run.Run(120);
        RequireShape(run);
    }

    /// <summary>Most members of real rooms sit behind gateways: they dial, and nobody can dial them. Few have to carry all of them, and keep more links than they
    /// would like to, rather than leave anybody alone.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void L1_Members_that_nobody_can_dial_find_those_that_can_be(int seed)
    {
        var run = new OverlayRun(seed);
        run.Join(null);
        for (var number = 1; number < 80; number++)
        {
            run.Join(ticketOf: 0, canBeDialled: number % 8 == 0);
            run.Run(1);
        }

        run.RunUntil(run.IsConnected, 120, "all are connected");
        run.Run(1800);
        Assert.True(run.IsConnected());
        var before = run.Drops;
        run.Run(600);
        Assert.True(run.IsConnected());
        // It comes to rest: each tries now and then whether somebody else has room.
        Assert.True(run.Drops - before < 8 * 80, $"{run.Drops - before} links were dropped in ten minutes");
        Fail(run, 5);
        run.RunUntil(run.IsConnected, 120, "those that are left are connected");
    }

    /// <summary>The run itself fails if a peer of the owner's book is dropped.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Links_with_peers_of_the_book_are_never_dropped_however_many(int seed)
    {
        var run = Grow(seed, members: 100, within: 30);
        for (var other = 1; other <= 40; other++)
            run.Configure(0, other);
        run.RunUntil(() => run.Nodes[0].Configured.IsSubsetOf(run.Nodes[0].Links.Keys), 60, "all peers of the book are linked");
        for (var minute = 0; minute < 10; minute++)
        {
            run.Run(60);
            Assert.Subset(run.Nodes[0].Links.Keys.ToHashSet(), run.Nodes[0].Configured);
        }

        Assert.True(run.IsConnected());
    }

    [Fact]
    public void A_seed_gives_the_same_run_each_time()
    {
        var (one, other) = (Grow(7, 100, 60), Grow(7, 100, 60));
        one.Run(300);
        other.Run(300);
        Assert.Equal(one.Nodes.Select(node => string.Join(',', node.Links.Keys)), other.Nodes.Select(node => string.Join(',', node.Links.Keys)));
        Assert.Equal((one.Told, one.Drops), (other.Told, other.Drops));
    }

    private static OverlayRun Grow(int seed, int members, int within)
    {
        var run = new OverlayRun(seed);
        var random = new Random(~seed);
        var arrivals = Enumerable.Range(1, members - 1).Select(_ => random.Next(within)).Order().ToList();
        run.Join(null);
        foreach (var arrival in arrivals)
        {
            run.Run(Math.Max(0, arrival - run.Now));
            run.Join(ticketOf: 0);
        }

        return run;
    }

    private static void Fail(OverlayRun run, int count)
    {
        var random = new Random(count);
        for (; count > 0; count--)
            run.Fail(Choose(run, random));
    }

    private static OverlayNode Choose(OverlayRun run, Random random)
    {
        var up = run.Up.ToList();
        return up[random.Next(up.Count)];
    }

    /// <summary>Connected, links symmetric, not many a member, and each member near each other.</summary>
    private static void RequireShape(OverlayRun run)
    {
        Assert.True(run.IsConnected(), run.Describe());
        var up = run.Up.ToList();
        Assert.All(up, node => Assert.All(node.Links, link => Assert.Equal(link.Value, run.Nodes[link.Key].Links.GetValueOrDefault(node.Number))));
        Assert.All(up, node => Assert.Equal(node.Links.Keys.Select(other => run.Nodes[other].Peer).Order(), node.View.Neighbours.Order()));
        if (up.Count <= Limits.FullMesh + 1)
            return;
        var degrees = up.Select(node => node.Links.Count).ToList();
        Assert.True(degrees.Max() <= Limits.Crowd + Limits.Wanted && degrees.Average() <= Limits.Most, run.Describe());
        // Several neighbours may let go of one in the same moment, which then looks for others.
        Assert.True(degrees.Count(degree => degree < Limits.Wanted / 2) <= up.Count / 100 && degrees.Average() >= Limits.Wanted - 1, run.Describe());
        var distances = up.Take(50).SelectMany(run.Distances).ToList();
        Assert.True(distances.Average() <= Math.Log2(up.Count) && distances.Max() <= 2 * Math.Log2(up.Count), $"{distances.Average()} on average, {distances.Max()} at most: {run.Describe()}");
    }
}
