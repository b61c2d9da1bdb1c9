using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>A clock that stands still until a test moves it, and that knows for what a node waits by it.</summary>
internal sealed class SteppedClock : FakeTimeProvider
{
    /// <summary>What limits a dial, a handshake or a goodbye that is under way.</summary>
    private static readonly TimeSpan[] Limits = [new WireLimits().DialTimeout, LinkLimits.Handshake, LinkLimits.Farewell];

    private readonly Lock gate = new();
    private readonly List<TimeSpan> redials = [];

    /// <summary>How long the node's dialling loops wait now until they dial again, one each: a loop that is at a dial has none. What is done at intervals, and timers
    /// that are set anew, are not among them.</summary>
    public IReadOnlyList<TimeSpan> Redials
    {
        get
        {
            lock (gate)
                return [.. redials];
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == Timeout.InfiniteTimeSpan || period != Timeout.InfiniteTimeSpan || Limits.Contains(dueTime))
            return base.CreateTimer(callback, state, dueTime, period);
        lock (gate)
            redials.Add(dueTime);
        var wait = new Wait(() => End(dueTime));
        wait.Timer = base.CreateTimer(
            given =>
            {
                wait.End();
                callback(given);
            },
            state, dueTime, period);
        return wait;
    }

    private void End(TimeSpan wait)
    {
        lock (gate)
            redials.Remove(wait);
    }

    /// <summary>A timer for one wait, which is over when it goes off, or when whoever waited disposes of it.</summary>
    private sealed class Wait(Action ended) : ITimer
    {
        private int isEnded;

        public ITimer? Timer { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period) => Timer!.Change(dueTime, period);

        public void End()
        {
            if (Interlocked.Exchange(ref isEnded, 1) == 0)
                ended();
        }

        public void Dispose()
        {
            Timer!.Dispose();
            End();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
