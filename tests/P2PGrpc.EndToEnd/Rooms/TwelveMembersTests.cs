using System.Globalization;
using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Rooms;

/// <summary>
/// D1, S1, S2, S3, L1: twelve real nodes in networks of their own, most of which know a few others only. Several of them write all the time while the network
/// splits and heals and nodes are killed; one comes late, and one leaves. The checkers then judge each node. P2PGRPC_ROOM_SEED repeats a schedule, as far as
/// processes can be repeated; P2PGRPC_FAULTS_LONG=1 makes it eight rounds of faults instead of one.
/// </summary>
public sealed class TwelveMembersTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Count = 12;
    private const int Writers = 5;
    private const int UsualRounds = 1;
    private const int LongRounds = 8;

    private readonly Neighbourhood nodes = new();
    private readonly TestRoom room = new("friends");
    private readonly Dictionary<NodeProcess, LoadGenerator> loads = [];
    private readonly long began = TimeProvider.System.GetTimestamp();
    private NodeProcess[] all = [];

    /// <summary>All that was attempted before one left.</summary>
    private HashSet<string> leaverMayHold = [];

    private NodeProcess Late => all[^1];

    private NodeProcess Leaver => all[^2];

    /// <summary>Who is in the room from the beginning to the end.</summary>
    private NodeProcess[] Steady => all[..^2];

    public ValueTask InitializeAsync()
    {
        all = [.. Enumerable.Range(1, Count).Select(number => nodes.Add($"n{number}"))];
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => nodes.DisposeAsync();

    [Fact]
    public async Task Every_member_holds_exactly_what_was_accepted_whatever_network_and_processes_did()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("P2PGRPC_ROOM_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.ProcessId;
        output.WriteLine($"P2PGRPC_ROOM_SEED={seed}");
        var random = new Random(seed);
        await using var network = await SplitNetwork.ConnectAsync(all);
        await EnterAsync();
        foreach (var writer in Steady.Where((_, index) => index % 2 == 0).Take(Writers))
            Write(writer);
        Write(Leaver);
        foreach (var member in all[..^1])
            await Eventually.HoldsAsync($"{member.Name} hears of all who write", async () => (await room.ReadAsync(member)).Messages.DistinctBy(message => message.Author).Count() == loads.Count);
        Note("all write and hear");
        await EndWritingAsync(Leaver);

        for (var round = 0; round < (LongForm.On ? LongRounds : UsualRounds); round++)
            await BreakAsync(network, random);
        // Who has left stays outside over restarts, too.
        await Leaver.KillAsync();
        await Task.WhenAll(Leaver.StartAsync(), Late.StartAsync());
        await room.JoinAsync(Late, Steady[random.Next(Steady.Length)]);
        Write(Late);
        await KillAndStartAsync(random, 2, TimeSpan.Zero);
        await Task.WhenAll(loads.Values.Select(load => load.StopAsync()));
        Note("all is over");

        await CheckAsync();
    }

    /// <summary>A ring with a few chords: each knows the one before it, and some the one across.</summary>
    private async Task EnterAsync()
    {
        foreach (var group in all[..^1].Chunk(4))
            await Task.WhenAll(group.Select(node => node.StartAsync()));
        await room.CreateAsync(all[0]);
        for (var index = 1; index < Count - 1; index++)
            await room.JoinAsync(all[index], all[index - 1]);
        await room.JoinAsync(all[0], Leaver);
        await room.JoinAsync(all[0], all[Steady.Length - 1]);
        for (var index = 0; index < Steady.Length / 2; index += 2)
            await room.JoinAsync(all[index], all[index + (Steady.Length / 2)]);
        Note("all are in the room");
    }

    private void Write(NodeProcess writer)
    {
        var load = new LoadGenerator(writer.Client, room.Recipient, $"{writer.Name}-", tasks: 2) { Pause = TimeSpan.FromMilliseconds(300) };
        loads.Add(writer, load);
        load.Start();
    }

    /// <summary>Who is about to leave gives nothing more to anybody then: all of its messages must be with the others before.</summary>
    private async Task EndWritingAsync(NodeProcess writer)
    {
        await loads[writer].StopAsync();
        foreach (var member in Steady)
            await Eventually.HoldsAsync(
                $"{member.Name} holds all of {writer.Name}'s messages", async () => !loads[writer].Accepted.Keys.Except((await room.ReadAsync(member)).Texts, StringComparer.Ordinal).Any());
    }

    /// <summary>The network falls apart into two or three groups, nodes are killed in them, and all of it heals.</summary>
    private async Task BreakAsync(SplitNetwork network, Random random)
    {
        var shuffled = Steady.ToArray();
        random.Shuffle(shuffled);
        var groups = shuffled.Append(Leaver).Chunk(random.Next(2) == 0 ? 4 : 6).ToArray();
        var deaf = random.Next(3) == 0;
        Note($"{(deaf ? "the first hears nobody" : "split")}: {string.Join(" | ", groups.Select(group => string.Join(' ', group.Select(node => node.Name))))}");
        await (deaf ? network.CutAsync(groups[1..].SelectMany(group => group), groups[0]) : network.SplitAsync(groups));
        await KillAndStartAsync(random, 3, TimeSpan.FromMilliseconds(random.Next(2000)));
        if (leaverMayHold.Count == 0)
            await LeaveAsync();
        // Longer than links live without a sign of life, or shorter: both have to heal.
        await Eventually.PauseAsync(random.Next(1000, 11_000));
        await network.HealAsync();
        Note("healed");
        await KillAndStartAsync(random, 2, TimeSpan.FromMilliseconds(random.Next(2000)));
    }

    private async Task KillAndStartAsync(Random random, int count, TimeSpan absence)
    {
        var victims = Steady.ToArray();
        random.Shuffle(victims);
        victims = victims[..count];
        Note($"kill -9: {string.Join(' ', victims.Select(node => node.Name))}");
        await Task.WhenAll(victims.Select(victim => victim.KillAsync()));
        await Eventually.PauseAsync((int)absence.TotalMilliseconds);
        await Task.WhenAll(victims.Select(victim => victim.StartAsync()));
    }

    /// <summary>One leaves in the midst of it.</summary>
    private async Task LeaveAsync()
    {
        await room.LeaveAsync(Leaver);
        Note($"{Leaver.Name} has left");
        leaverMayHold = [.. loads.Values.SelectMany(load => load.Attempted.Keys)];
    }

    private async Task CheckAsync()
    {
        var stopped = TimeProvider.System.GetTimestamp();
        var sums = new List<CampaignSum>();
        foreach (var member in Steady.Append(Late))
            sums.Add(await Campaign.CheckAsync(member.Name, loads.Values, () => room.ReadAsync(member)));
        var took = TimeProvider.System.GetElapsedTime(stopped);
        Assert.Single(sums.Distinct());
        Assert.True(sums[0].Accepted > Count, "Few messages were accepted: that tests nothing.");

        // What was written after it had left is not for it, whoever still dials it.
        var held = (await room.ReadAsync(Leaver)).Messages;
        Assert.NotEmpty(held);
        Assert.All(held, message => Assert.Contains(message.Text, leaverMayHold));
        Campaign.CheckOrder(held);
        Note(string.Create(
            CultureInfo.InvariantCulture,
            $"attempted {sums[0].Attempted}, accepted {sums[0].Accepted}, read by each of {sums.Count} {sums[0].Read}, by {Leaver.Name} {held.Count}; all had all {took.TotalSeconds:0.0} s after the last"));
        await Campaign.StopAndVerifyAsync(all);
        Note("all databases verified");
    }

    private void Note(string what) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{TimeProvider.System.GetElapsedTime(began).TotalSeconds,6:0.0} s  {what}"));
}
