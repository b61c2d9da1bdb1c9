using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;
using EventCase = P2PGrpc.Protocol.WatchEventsResponse.EventOneofCase;

namespace P2PGrpc.Node.Tests.Rooms;

/// <summary>V1: members and strangers are held to their quotas, among whole nodes over real TLS.</summary>
public sealed class QuotaTests
{
    private const int Message = 100_000;
    private const int Quota = 1 << 20;

    /// <summary>More than the quota holds.</summary>
    private const int Count = 14;

    /// <summary>What fits the quota: a message weighs a little more than it is long.</summary>
    private const int Fits = 10;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>L1: what a quota kept away comes when it is raised, and the others are not touched.</summary>
    [Fact]
    public async Task V1_Of_a_member_so_much_is_held_also_after_a_restart_and_the_rest_comes_when_the_quota_is_raised()
    {
        await using var alice = await RunningNode.StartAsync("alice", settings => Bound(settings, limits => limits with { AuthorBytes = Quota }));
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        await alice.Runtime.RoomAdministration.CreateAsync("friends", Token);
        await JoinAsync(bob, alice);
        await JoinAsync(carol, alice);
        var toldAlice = alice.WaitForEventAsync(happened => IsNotice(happened, "QUOTA_REACHED"));
        var toldBob = bob.WaitForEventAsync(happened => IsNotice(happened, "REFUSED_FOR_QUOTA"));
        for (var number = 0; number < Count; number++)
            await bob.SendAsync("#friends", Text(number));
        var notice = (await toldAlice).Notice;
        Assert.Equal(bob.Id, notice.PeerId);
        Assert.Contains("in #friends as much as this node holds of one author (1 MiB)", notice.Detail, StringComparison.Ordinal);
        Assert.Contains($"p2pgrpc room mute '#friends' {bob.Id}", notice.Detail, StringComparison.Ordinal);
        await toldBob;
        await carol.SendAsync("#friends", "carol goes on");
        Assert.Equal("carol goes on", (await ReadAsync(alice, Fits + 1))[^1]);

        // It takes no more after a restart either: bob is refused again, and what carol says next shows that bob's had its time.
        toldBob = bob.WaitForEventAsync(happened => IsNotice(happened, "REFUSED_FOR_QUOTA"));
        await alice.StopAsync();
        await alice.StartAgainAsync();
        await toldBob;
        await carol.SendAsync("#friends", "and on");
        Assert.Equal("and on", (await ReadAsync(alice, Fits + 2))[^1]);
        Assert.Equal((ulong)Fits, alice.Runtime.RoomAdministration.ListMembers("friends").Single(member => member.PeerId == bob.Id).Messages);

        await alice.StopAsync();
        alice.Adjust = settings => settings;
        await alice.StartAgainAsync();
        var all = await ReadAsync(alice, Count + 2);
        Assert.Equal(Enumerable.Range(0, Count).Select(Text), all.Where(text => text.Length == Message));
    }

    /// <summary>S5: the rate delays, and neither loses nor reorders anything.</summary>
    [Fact]
    public async Task S5_Who_writes_faster_than_the_rate_is_read_later_in_order_and_whole()
    {
        await using var alice = await RunningNode.StartAsync("alice", settings => Bound(settings, limits => limits with
        {
            AuthorRate = 60 * Quota,
            QuotaBurst = TimeSpan.FromSeconds(1),
            QuotaPause = TimeSpan.FromMilliseconds(300),
        }));
        await using var bob = await RunningNode.StartAsync("bob");
        await alice.Runtime.RoomAdministration.CreateAsync("friends", Token);
        await JoinAsync(bob, alice);
        var told = alice.WaitForEventAsync(happened => IsNotice(happened, "QUOTA_REACHED"));
        for (var number = 0; number < 3 * Count; number++)
            await bob.SendAsync("#friends", Text(number));
        Assert.Contains("the rest comes later, by itself", (await told).Notice.Detail, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, 3 * Count).Select(Text), await ReadAsync(alice, 3 * Count));
    }

    [Fact]
    public async Task V1_A_stranger_is_held_to_the_quota_until_the_owner_accepts_it()
    {
        await using var alice = await RunningNode.StartAsync(
            "alice", settings => Bound(settings, limits => limits with { AuthorBytes = Quota }), AdmissionPolicy.Any);
        await using var bob = await RunningNode.StartAsync("bob");
        await bob.AddAsync($"alice={alice.Id}@127.0.0.1:{alice.Port}");
        var told = alice.WaitForEventAsync(happened => IsNotice(happened, "QUOTA_REACHED"));
        for (var number = 0; number < Count; number++)
            await bob.SendAsync("alice", Text(number));
        Assert.Contains($"p2pgrpc peers block {bob.Id}", (await told).Notice.Detail, StringComparison.Ordinal);

        // What is on its way to the disk counts already: the notice may come before the last of what fits is stored.
        await ReadAsync(alice, Fits);
        Assert.Equal((ulong)Fits, alice.Runtime.Store.LastPosition);
        await alice.Runtime.Administration.AcceptAsync(bob.Id, "bob", Token);
        Assert.Equal(Enumerable.Range(0, Count).Select(Text), await ReadAsync(alice, Count));
    }

    [Fact]
    public async Task A_peer_whom_the_owner_knows_writes_as_much_as_it_likes()
    {
        await using var alice = await RunningNode.StartAsync("alice", settings => Bound(settings, limits => limits with { AuthorBytes = Quota, AllBytes = Quota }));
        await using var bob = await RunningNode.StartAsync("bob");
        await alice.AddAsync($"bob={bob.Id}");
        await bob.AddAsync($"alice={alice.Id}@127.0.0.1:{alice.Port}");
        for (var number = 0; number < Count; number++)
            await bob.SendAsync("alice", Text(number));
        Assert.Equal(Enumerable.Range(0, Count).Select(Text), await ReadAsync(alice, Count));
    }

    [Fact]
    public void A_quota_too_small_for_any_message_is_refused()
    {
        var refused = Assert.Throws<NodeStartException>(() => NodeSettings.From(new NodeOptions { QuotaAuthorRate = 1000 }));
        Assert.Equal("OPTIONS_INVALID", refused.Reason);
        Assert.Null(NodeSettings.From(new NodeOptions { QuotaRoom = null }).Replication.AllBytes);
    }

    private static NodeSettings Bound(NodeSettings settings, Func<ReplicatorLimits, ReplicatorLimits> change) =>
        settings with { Replication = change(settings.Replication) };

    private static bool IsNotice(WatchEventsResponse happened, string reason) => happened.EventCase == EventCase.Notice && happened.Notice.Reason == reason;

    private static string Text(int number) => $"{number:000}".PadRight(Message, '.');

    private static async Task<List<string>> ReadAsync(RunningNode node, int count) =>
        [.. (await node.ReceiveAsync(count)).Select(message => message.Entry.Content.Text)];

    private static Task<Room> JoinAsync(RunningNode node, RunningNode member) =>
        node.Runtime.RoomAdministration.JoinAsync(member.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
}
