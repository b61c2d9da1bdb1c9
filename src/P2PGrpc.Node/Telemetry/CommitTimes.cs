using System.Diagnostics.Metrics;

namespace P2PGrpc.Node.Telemetry;

/// <summary>Takes down how long the store's transactions take. Thread-safe.</summary>
/// <param name="whole">All of a transaction.</param>
/// <param name="flush">Its end, which waits for the disk.</param>
internal sealed class CommitTimes(Histogram<double> whole, Histogram<double> flush)
{
    public void Record(TimeSpan all, TimeSpan flushed)
    {
        whole.Record(all.TotalSeconds);
        flush.Record(flushed.TotalSeconds);
    }
}
