using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Logs;

/// <summary>Reports damaged segments: to the log, at most one line in a while however often they are met, and to whoever can have them fetched
/// again, each place once in a while. Thread-safe.</summary>
internal sealed class DamageReport(ILogger logger, TimeProvider time)
{
    /// <summary>Damage stays until it is repaired, and a reader may meet it in a loop.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>Places remembered: a dying disk must not fill memory.</summary>
    private const int RememberedPlaces = 256;

    private readonly Lock gate = new();
    private readonly Dictionary<ulong, long> shown = [];
    private long? reported;
    private int suppressed;

    /// <summary>A damaged segment was met whose place is known. Raised on the thread that met it, which must not be kept.</summary>
    public event Action<DamagedPlace>? Found;

    /// <summary>Reports the segment at a position, as it was met on this connection.</summary>
    public void Report(StoreConnection connection, ulong position)
    {
        Report(position);
        if (TryRemember(position) && DamagedPlace.Find(connection, position) is { } place)
            Found?.Invoke(place);
    }

    /// <summary>Reports damage of which not even the place can be read.</summary>
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

    private bool TryRemember(ulong position)
    {
        lock (gate)
        {
            if (shown.TryGetValue(position, out var last) && time.GetElapsedTime(last) < Pause)
                return false;
            if (shown.Count >= RememberedPlaces)
                shown.Clear();
            shown[position] = time.GetTimestamp();
            return true;
        }
    }
}
