using Microsoft.Extensions.Time.Testing;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>A clock that stands still until a test moves it, and that knows which waits of a node have begun and are not over.</summary>
internal sealed class SteppedClock : FakeTimeProvider
{
    private readonly Lock gate = new();
    private readonly List<TimeSpan> waits = [];

    /// <summary>How long each wait is that goes on now. What is done at intervals, and timers that stay and are set anew, are no waits.</summary>
    public IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (gate)
                return [.. waits];
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime == Timeout.InfiniteTimeSpan || period != Timeout.InfiniteTimeSpan)
            return timer;
        lock (gate)
            waits.Add(dueTime);
        return new Wait(timer, () => End(dueTime));
    }

    private void End(TimeSpan wait)
    {
        lock (gate)
            waits.Remove(wait);
    }

    /// <summary>A timer for one wait: whoever waited disposes of it.</summary>
    private sealed class Wait(ITimer inner, Action ended) : ITimer
    {
        private int isEnded;

        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(dueTime, period);

        public void Dispose()
        {
            inner.Dispose();
            End();
        }

        public ValueTask DisposeAsync()
        {
            End();
            return inner.DisposeAsync();
        }

        private void End()
        {
            if (Interlocked.Exchange(ref isEnded, 1) == 0)
                ended();
        }
    }
}
