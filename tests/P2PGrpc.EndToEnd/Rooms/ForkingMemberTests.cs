using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.EndToEnd.Abuse;
using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;
using RoomTicket = P2PGrpc.Core.Rooms.RoomTicket;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.EndToEnd.Rooms;

/// <summary>S4: a member that signs two segments at one place and gives each end of a chain of real processes another, in two logs.</summary>
public sealed class ForkingMemberTests : IAsyncLifetime
{
    private static readonly string[] Names = ["alice", "bob", "carol", "dave"];
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(10);

    private readonly Neighbourhood nodes = new();
    private readonly TestRoom room = new("friends");
    private readonly IdentityKey forker = IdentityKey.FromSeed(Enumerable.Repeat((byte)44, IdentityKey.SeedLength).ToArray());
    private RoomSecret secret = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        forker.Dispose();
        await nodes.DisposeAsync();
    }

    [Fact]
    public async Task S4_All_members_have_the_proofs_within_ten_seconds_show_both_sides_and_keep_what_came_before()
    {
        var chain = Names.Select(nodes.Add).ToArray();
        await StartAsync(chain);
        var owners = await Task.WhenAll(chain.Select(ForkNotices.WatchAsync));
        Fork[] forks = [new(forker, secret, "a"), new(forker, secret, "b")];

        // All others stand still, so that the two ends hear nothing of each other until each holds its branch: members find each other, and are no chain for long.
        foreach (var other in chain[1..])
            other.Freeze();
        await GiveAsync(chain[0], forks.Select(fork => (fork.Log, fork.Before, fork.One)));
        chain[0].Freeze();
        chain[3].Thaw();
        await GiveAsync(chain[3], forks.Select(fork => (fork.Log, fork.Before, fork.Other)));
        foreach (var other in chain[..3])
            other.Thaw();
        var met = TimeProvider.System.GetTimestamp();
        foreach (var fork in forks)
        {
            foreach (var owner in owners)
                await owner.ShowAsync(fork, Promised - TimeProvider.System.GetElapsedTime(met));
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"all four owners were shown both forks {TimeProvider.System.GetElapsedTime(met).TotalSeconds:0.00} s after the branches met"));
        foreach (var node in chain)
            await ReadsWhatCameBeforeAsync(node, forks);

        // Who comes when all is over gets both, too.
        var erin = nodes.Add("erin");
        await erin.StartAsync();
        await using var late = await ForkNotices.WatchAsync(erin);
        await room.JoinAsync(erin, chain[0]);
        foreach (var fork in forks)
            await late.ShowAsync(fork, Promised);
        await ReadsWhatCameBeforeAsync(erin, forks);

        // The others' messages go on.
        await room.SendAsync(erin, "all is well");
        foreach (var node in chain)
            await Eventually.HoldsAsync($"{node.Name} goes on", async () => (await room.ReadAsync(node)).Texts.Contains("all is well"));

        foreach (var node in chain.Append(erin))
        {
            // Each alone: of the two sides of a fork a node holds the one that it had first.
            await Campaign.StopAndVerifyAsync(node);
            Assert.All(forks, fork => Assert.Equal(1, Databases.ReadNumber(
                node.DatabasePath,
                $"SELECT count(*) FROM fork_proof JOIN log ON log.id = fork_proof.log WHERE frozen = 1 AND log_id = x'{Convert.ToHexString(fork.LogId.Value.ToArray())}'")));
        }

        foreach (var owner in owners)
            await owner.DisposeAsync();
    }

    private async Task StartAsync(NodeProcess[] chain)
    {
        await Task.WhenAll(chain.Select(node => node.StartAsync()));
        secret = RoomTicket.Parse(await room.CreateAsync(chain[0]), out _)!.Secret;
        for (var index = 1; index < chain.Length; index++)
            await room.JoinAsync(chain[index], chain[index - 1]);
        foreach (var node in chain)
            await room.SendAsync(node, $"{node.Name} is here");
        await room.HoldAllAsync(chain, chain.Select(node => $"{node.Name} is here"));
    }

    /// <summary>Gives a node segments of some logs, and waits until it holds them.</summary>
    private async Task GiveAsync(
        NodeProcess node, IEnumerable<(SegmentFactory Log, SignedSegment Before, SignedSegment Branch)> logs)
    {
        Assert.True(PeerId.TryParse(await node.Client.GetPeerIdAsync(), out var id));
        using var member = new Attacker(node, forker) { Shares = RoomProofs.Give(secret, forker.PeerId, id) };
        await using var link = await member.JoinAsync(Token);
        foreach (var (log, before, branch) in logs)
        {
            await link.SayAsync(log.Have((branch.Header, branch.Body)), Token);
            while (await link.HearAsync(Frame.KindOneofCase.Want, Token) is { } frame && !frame.Want.LogId.Span.SequenceEqual(log.Log.ToLogId().Value.ToArray()))
                continue;
            await link.SayAsync(SegmentFactory.Write((before.Header, before.Body), (branch.Header, branch.Body)), Token);
            await Eventually.HoldsAsync($"{node.Name} holds its branch", async () => (await room.ReadAsync(node)).Texts.Contains(branch.Text));
        }
    }

    private async Task ReadsWhatCameBeforeAsync(NodeProcess node, Fork[] forks)
    {
        await Eventually.HoldsAsync($"{node.Name} reads what came before the forks", async () =>
        {
            var texts = (await room.ReadAsync(node)).Texts.ToList();
            return forks.All(fork => texts.Contains(fork.Before.Text)) && texts.Contains("alice is here") && texts.Contains("dave is here");
        });
        // Never both sides: that would be merging.
        var read = (await room.ReadAsync(node)).Texts.ToList();
        Assert.All(forks, fork => Assert.False(read.Contains(fork.One.Text) && read.Contains(fork.Other.Text)));
    }

    /// <summary>A segment of one message.</summary>
    private sealed record SignedSegment(SegmentHeader Header, ReadOnlyMemory<byte> Body, string Text)
    {
        public static SignedSegment Make(string text, Func<string, (SegmentHeader Header, ReadOnlyMemory<byte> Body)> sign)
        {
            var (header, body) = sign(text);
            return new SignedSegment(header, body, text);
        }
    }

    /// <summary>A log with two segments at its second place.</summary>
    private sealed class Fork
    {
        public Fork(IdentityKey author, RoomSecret room, string name)
        {
            Log = new SegmentFactory(author, room);
            Before = SignedSegment.Make($"{name} before", Log.Next);
            One = SignedSegment.Make($"{name} one", text => Log.Make(Before.Header.Head, text));
            Other = SignedSegment.Make($"{name} other", text => Log.Make(Before.Header.Head, text));
        }

        public SegmentFactory Log { get; }

        public LogId LogId => Log.Log.ToLogId();

        public SignedSegment Before { get; }

        public SignedSegment One { get; }

        public SignedSegment Other { get; }
    }

    /// <summary>What a node's owner is told of forks.</summary>
    private sealed class ForkNotices : IAsyncDisposable
    {
        private readonly AsyncServerStreamingCall<WatchEventsResponse> events;
        private readonly ConcurrentBag<NoticeEvent> told = [];
        private readonly string owner;
        private readonly Task reading;

        private ForkNotices(string owner, AsyncServerStreamingCall<WatchEventsResponse> events)
        {
            (this.owner, this.events) = (owner, events);
            reading = ReadAsync();
        }

        /// <summary>Nothing is missed from here on.</summary>
        public static async Task<ForkNotices> WatchAsync(NodeProcess node)
        {
            var events = node.Client.Node.WatchEvents(new WatchEventsRequest());
            await events.ResponseHeadersAsync;
            return new ForkNotices(node.Name, events);
        }

        /// <summary>Waits until the owner was told of a fork: whose it is, in which log, and which two segments stand against each other.</summary>
        public Task ShowAsync(Fork fork, TimeSpan limit) => Eventually.HoldsAsync(
            $"{owner}'s owner is told of {fork.LogId}",
            () => Task.FromResult(told.Any(notice => notice.Reason == "FORK_PROVED"
                && notice.PeerId == fork.Log.Log.Author.ToString()
                && new[] { fork.LogId.ToString(), fork.One.Header.Hash.ToString(), fork.Other.Header.Hash.ToString() }
                    .All(part => notice.Detail.Contains(part, StringComparison.Ordinal)))),
            limit);

        public async ValueTask DisposeAsync()
        {
            events.Dispose();
            await reading;
        }

        private async Task ReadAsync()
        {
            try
            {
                while (await events.ResponseStream.MoveNext())
                {
                    if (events.ResponseStream.Current.Notice is { } notice)
                        told.Add(notice);
                }
            }
            catch (RpcException)
            {
                // The node has stopped, or the test has seen enough.
            }
        }
    }
}
