using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>The node's hybrid clock, for the writer to stamp with and for others to feed. Thread-safe.</summary>
internal sealed class StampClock(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly HybridClock clock = new();

    /// <inheritdoc cref="HybridClock.Next"/>
    public ulong Next(int count)
    {
        lock (gate)
            return clock.Next(time.GetUtcNow(), count);
    }

    public void Observe(ulong stamp)
    {
        lock (gate)
            clock.Observe(stamp, time.GetUtcNow());
    }
}
