using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Tests.Wire;
using P2PGrpc.Protocol;
using Xunit;
using Head = P2PGrpc.Core.Logs.Head;
using LogHead = P2PGrpc.Core.Replication.LogHead;
using LogKey = P2PGrpc.Core.Logs.LogKey;

namespace P2PGrpc.Node.Tests.Links;

public sealed class ReplicationLoopTests
{
    [Fact]
    public async Task A_timer_that_goes_off_early_makes_no_deadline_be_missed_L1()
    {
        await using var fixture = new StoreFixture();
        using var other = StoreFixture.MakeKey(2);
        var time = new EarlyTimers();
        await using var loop = new ReplicationLoop(
            fixture.Identity.PeerId, fixture.Store, new ReplicatorLimits(), new ReplicationEvents(), time, NullLogger<ReplicationLoop>.Instance);
        await using var session = new LinkSession(
            new LinkId(1), new SilentConnection(), TestRemotes.Direct(fixture.Identity.PeerId, other.PeerId), loop, new WaitingFrames(), (_, _) => { }, (_, _) => "", _ => { }, TestRemotes.HoldsNothing, time, NullLogger.Instance);
        loop.Start();
        loop.Add(session);

        for (ulong sequence = 1; sequence <= 3; sequence++)
        {
            await fixture.AppendAsync("told when others had time to join it");
            Assert.Equal(sequence, await ReadToldAsync(session));
        }
    }

    /// <summary>Nobody but whoever reports something is there to handle it: where many do at the same time, none may leave it lying.</summary>
    [Fact]
    public async Task What_many_report_at_the_same_time_is_all_handled_L1()
    {
        await using var fixture = new StoreFixture();
        await using var loop = new ReplicationLoop(
            fixture.Identity.PeerId, fixture.Store, new ReplicatorLimits(), new ReplicationEvents(), TimeProvider.System, NullLogger<ReplicationLoop>.Instance);
        loop.Start();
        var told = await Task.WhenAll(Enumerable.Range(2, 40).Select(number => Task.Run(async () =>
        {
            using var other = StoreFixture.MakeKey(number);
            var conversation = ConversationId.Direct(fixture.Identity.PeerId, other.PeerId);
            await using var session = new LinkSession(
                new LinkId(number), new SilentConnection(), TestRemotes.Direct(fixture.Identity.PeerId, other.PeerId), loop, new WaitingFrames(), (_, _) => { }, (_, _) => "", _ => { }, TestRemotes.HoldsNothing, TimeProvider.System, NullLogger.Instance);
            loop.Add(session);
            var last = 0ul;
            for (ulong sequence = 1; sequence <= 10; sequence++)
            {
                await fixture.Store.AppendAsync(conversation, [StoreFixture.MakeDraft("one of many")], StoreFixture.Deadline);
                await loop.ReceiveAsync([new ReplicatorInput.Credit(session.Id, 1)], StoreFixture.Deadline);
                while (last < sequence)
                    last = await ReadToldAsync(session);
            }

            loop.Remove(session);
            return last;
        })));
        Assert.All(told, last => Assert.Equal(10ul, last));
        Assert.False(loop.IsStopped);
    }

    /// <summary>Far more waits than one thread takes in its turn, and then neither a frame nor a timer comes that would begin another one.</summary>
    [Fact]
    public async Task What_waits_is_handled_to_its_end_though_nobody_comes_any_more_L1()
    {
        await using var fixture = new StoreFixture();
        using var other = StoreFixture.MakeKey(2);
        await using var loop = new ReplicationLoop(
            fixture.Identity.PeerId, fixture.Store, new ReplicatorLimits(), new ReplicationEvents(), fixture.Time, NullLogger<ReplicationLoop>.Instance);
        await using var session = new LinkSession(
            new LinkId(1), new SilentConnection(), TestRemotes.Direct(fixture.Identity.PeerId, other.PeerId), loop, new WaitingFrames(), (_, _) => { }, (_, _) => "", _ => { }, TestRemotes.HoldsNothing, fixture.Time, NullLogger.Instance);
        loop.Add(session);
        for (var frame = 1; frame < LinkLimits.WaitingInputs; frame++)
            await loop.ReceiveAsync([new ReplicatorInput.Credit(session.Id, 1)], StoreFixture.Deadline);
        var log = new LogKey(fixture.Conversation, other.PeerId, 7);
        await loop.ReceiveAsync([new ReplicatorInput.Have(session.Id, [new LogHead(log, log.ToLogId(), new Head(1, log.ToLogId().Value))], null)], StoreFixture.Deadline);

        loop.Start();

        Assert.Equal(log.ToLogId().Value.ToArray(), (await ReadAsync(session, Frame.KindOneofCase.Want)).Want.LogId.ToByteArray());
    }

    /// <summary>It may be the store's writer that finds it broken, and the store must go on.</summary>
    [Fact]
    public async Task A_broken_rule_ends_replication_and_nothing_else()
    {
        await using var fixture = new StoreFixture();
        using var other = StoreFixture.MakeKey(2);
        var events = new ReplicationEvents();
        var stopped = 0;
        events.Stopped += () => stopped++;
        await using var loop = new ReplicationLoop(
            fixture.Identity.PeerId, fixture.Store, new ReplicatorLimits(), events, TimeProvider.System, NullLogger<ReplicationLoop>.Instance);
        await using var session = new LinkSession(
            new LinkId(1), new SilentConnection(), TestRemotes.Direct(fixture.Identity.PeerId, other.PeerId), loop, new WaitingFrames(), (_, _) => { }, (_, _) => "", _ => { }, TestRemotes.HoldsNothing, TimeProvider.System, NullLogger.Instance);
        loop.Start();
        loop.Add(session);
        loop.Add(session);
        await RunningNode.WaitUntilAsync(() => loop.IsStopped, "replication has stopped");

        await fixture.AppendAsync("one");
        await fixture.SettleAsync();
        await loop.ReceiveAsync([new ReplicatorInput.Credit(session.Id, 1)], StoreFixture.Deadline);
        loop.Remove(session);
        await loop.DisposeAsync();
        Assert.Equal(1, stopped);
        Assert.Equal(["one"], fixture.ReadAll());
    }

    [Fact]
    public async Task It_ends_while_others_report()
    {
        await using var fixture = new StoreFixture();
        var loop = new ReplicationLoop(
            fixture.Identity.PeerId, fixture.Store, new ReplicatorLimits(), new ReplicationEvents(), TimeProvider.System, NullLogger<ReplicationLoop>.Instance);
        loop.Start();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(StoreFixture.Deadline);
        var reporters = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!ending.IsCancellationRequested)
                await loop.ReceiveAsync([new ReplicatorInput.Credit(new LinkId(9), 1)], ending.Token);
        })).ToArray();
        await fixture.AppendAsync("one");
        await loop.DisposeAsync().AsTask().WaitAsync(TestNode.Patience);
        await ending.CancelAsync();
        await Task.WhenAll(reporters).ContinueWith(_ => { }, TaskScheduler.Default);
        await fixture.AppendAsync("two");
        Assert.Equal(["one", "two"], fixture.ReadAll());
    }

    private static async Task<ulong> ReadToldAsync(LinkSession session)
    {
        while (true)
        {
            var told = await ReadAsync(session, Frame.KindOneofCase.Have);
            if (told.Have.Logs.Count > 0)
                return told.Have.Logs[0].Head.Sequence;
        }
    }

    /// <summary>The next frame of a kind that is to be written on a link.</summary>
    private static async Task<Frame> ReadAsync(LinkSession session, Frame.KindOneofCase kind)
    {
        while (await session.Outbound.TakeAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TestNode.Patience) is { } frame)
        {
            if (frame.KindCase == kind)
                return frame;
        }

        throw new InvalidOperationException("The link has ended.");
    }

    /// <summary>The clock of this machine, with timers that go off before their time: a real one may, since it counts in coarser steps.</summary>
    private sealed class EarlyTimers : TimeProvider
    {
        private static readonly TimeSpan Early = TimeSpan.FromMilliseconds(20);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new EarlyTimer(System.CreateTimer(callback, state, Shorten(dueTime), period));

        private static TimeSpan Shorten(TimeSpan due) => due > Early ? due - Early : due;

        private sealed class EarlyTimer(ITimer inner) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(Shorten(dueTime), period);

            public void Dispose() => inner.Dispose();

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}
