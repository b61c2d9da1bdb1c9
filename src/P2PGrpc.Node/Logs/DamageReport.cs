using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Logs;

/// <summary>Reports damaged segments, at most one line in a while however often they are met. Thread-safe.</summary>
internal sealed class DamageReport(ILogger logger, TimeProvider time)
{
    /// <summary>Damage doesn't go away, and a reader may meet it in a loop.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private long? reported;
    private int suppressed;

    public void Report(ulong position)
    {
        int skipped;
        lock (gate)
        {
            if (reported is { } last && time.GetElapsedTime(last) < Pause)
            {
                suppressed++;
                return;
            }

            reported = time.GetTimestamp();
            skipped = suppressed;
            suppressed = 0;
        }

        StoreLog.Damaged(logger, position, skipped);
    }
}
