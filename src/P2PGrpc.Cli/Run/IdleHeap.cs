namespace P2PGrpc.Cli.Run;

/// <summary>Gives memory back after a busy time, the start among them. The runtime collects when something is allocated, so that a node that has become quiet
/// would keep for hours what its last busy minute took. Not thread-safe.</summary>
internal sealed class IdleHeap
{
    /// <summary>What is allocated in one period of a busy time. A node with hundreds of idle links allocates a third of it; one that passes on a thousand messages
    /// a second, more.</summary>
    public const long BusyBytes = 10_000_000;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    // A node whose load comes and goes must not be held up again and again: one collection takes some hundredths of a second.
    private const int QuietPeriods = 2;
    private const int LeastPeriods = 6;

    private long before;
    private bool wasBusy = true;
    private int quiet = QuietPeriods - 1;
    private int since = LeastPeriods;

    /// <summary>Watches until cancelled, which ends it without an exception.</summary>
    public static async Task WatchAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var heap = new IdleHeap { before = GC.GetTotalAllocatedBytes() };
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                if (heap.IsDue(GC.GetTotalAllocatedBytes()))
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The regular end.
        }
    }

    /// <summary>Whether a busy time is over: once for each, and at most once a minute.</summary>
    /// <param name="allocated">All bytes that were ever allocated. To be told once in each period.</param>
    public bool IsDue(long allocated)
    {
        var isBusy = allocated - before > BusyBytes;
        before = allocated;
        wasBusy |= isBusy;
        quiet = isBusy ? 0 : quiet + 1;
        since++;
        if (!wasBusy || quiet < QuietPeriods || since < LeastPeriods)
            return false;
        (wasBusy, since) = (false, 0);
        return true;
    }
}
