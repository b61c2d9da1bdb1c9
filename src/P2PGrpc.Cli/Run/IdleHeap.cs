namespace P2PGrpc.Cli.Run;

/// <summary>Gives memory back after a busy time, the start among them. The runtime collects when something is allocated, so that a node that has become quiet
/// would keep for hours what its last busy minute took. Not thread-safe.</summary>
internal sealed class IdleHeap
{
    /// <summary>What is allocated in one period of a busy time. A node with hundreds of idle links allocates a third of it; one that passes on a thousand messages
    /// a second, more.</summary>
    public const long BusyBytes = 10_000_000;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private long before;
    private bool wasBusy = true;

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

    /// <summary>Whether a busy time is over: once for each.</summary>
    /// <param name="allocated">All bytes that were ever allocated. To be told once in each period.</param>
    public bool IsDue(long allocated)
    {
        var isBusy = allocated - before > BusyBytes;
        var isDue = wasBusy && !isBusy;
        (before, wasBusy) = (allocated, isBusy);
        return isDue;
    }
}
