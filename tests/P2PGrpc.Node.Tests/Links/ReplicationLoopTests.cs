using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Tests.Wire;
using P2PGrpc.Protocol;
using Xunit;

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
            new LinkId(1), new SilentConnection(), new RemoteHello(other.PeerId, 1, "", 0), loop, (_, _) => { }, time, NullLogger.Instance);
        loop.Start();
        loop.Add(session);

        for (ulong sequence = 1; sequence <= 3; sequence++)
        {
            await fixture.AppendAsync("told when others had time to join it");
            Assert.Equal(sequence, await ReadToldAsync(session));
        }
    }

    private static async Task<ulong> ReadToldAsync(LinkSession session)
    {
        while (await session.Outbound.TakeAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TestNode.Patience) is { } frame)
        {
            if (frame.KindCase == Frame.KindOneofCase.Have && frame.Have.Logs.Count > 0)
                return frame.Have.Logs[0].Head.Sequence;
        }

        return 0;
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
