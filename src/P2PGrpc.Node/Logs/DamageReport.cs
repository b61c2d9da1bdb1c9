using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Logs;

/// <summary>What was found damaged and is not repaired yet. Reports it to the log and the owner, at most once in a while however often it is met, and
/// to whoever can have it fetched again, each place once in a while. Thread-safe.</summary>
internal sealed class DamageReport(ILogger logger, TimeProvider time)
{
    /// <summary>Damage stays until it is repaired, and a reader may meet it in a loop.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>Places remembered: a dying disk must not fill memory.</summary>
    public const int RememberedPlaces = 256;

    private readonly Lock gate = new();

    // By position; with the time at which it was last shown to those who can have it fetched.
    private readonly Dictionary<ulong, long?> places = [];
    private TaskCompletionSource repaired = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long? reported;
    private int suppressed;

    /// <summary>A damaged segment was met whose place is known. Raised on the thread that met it, which must not be kept.</summary>
    public event Action<DamagedPlace>? Found;

    /// <summary>There is damage at a position, 0 where not even that is known, and peers can be asked for what stood there, or not. Rarely raised, and on the thread
    /// that met it, which must not be kept.</summary>
    public event Action<ulong, bool>? Noticed;

    /// <summary>Places that are damaged now, as far as they were met: at most <see cref="RememberedPlaces"/>.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return places.Count;
        }
    }

    /// <summary>Completes when the next place is repaired.</summary>
    public Task NextRepair => Volatile.Read(ref repaired).Task;

    /// <summary>Reports the segment at a position, as it was met on this connection.</summary>
    /// <returns>Whether its place is known, so that it can be fetched again.</returns>
    public bool Report(StoreConnection connection, ulong position)
    {
        var place = DamagedPlace.Find(connection, position);
        Report(position, canBeFetched: place is not null);
        if (place is not null && TryTakeTurn(position))
            Found?.Invoke(place);
        return place is not null;
    }

    /// <summary>Reports damage of which the place in its log can't be read.</summary>
    /// <param name="position">Its position; 0 where that is not known either, which counts as one place for as long as the process lives.</param>
    public void Report(ulong position) => Report(position, canBeFetched: false);

    private void Report(ulong position, bool canBeFetched)
    {
        int skipped;
        lock (gate)
        {
            Remember(position);
            if (reported is { } last && time.GetElapsedTime(last) < Pause)
            {
                suppressed++;
                return;
            }

            reported = time.GetTimestamp();
            skipped = suppressed;
            suppressed = 0;
        }

        if (position > 0)
            StoreLog.Damaged(logger, position, skipped);
        else
            StoreLog.PageDamaged(logger, skipped);
        Noticed?.Invoke(position, canBeFetched);
    }

    /// <summary>Everything from the first through the last position was read and is whole: what was known of it is out of date.</summary>
    public void OnReadable(ulong first, ulong last)
    {
        lock (gate)
        {
            foreach (var position in places.Keys.Where(position => position >= first && position <= last).ToArray())
                places.Remove(position);
        }
    }

    /// <summary>The segment at a position is whole again.</summary>
    public void OnRepaired(ulong position)
    {
        lock (gate)
        {
            places.Remove(position);
            // One place of a log is fetched at a time: the next one that is met need not wait for its turn.
            foreach (var other in places.Keys.ToArray())
                places[other] = null;
        }

        Interlocked.Exchange(ref repaired, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    private void Remember(ulong position)
    {
        if (places.ContainsKey(position))
            return;
        if (places.Count >= RememberedPlaces)
            places.Remove(places.Keys.First());
        places[position] = null;
    }

    private bool TryTakeTurn(ulong position)
    {
        lock (gate)
        {
            if (places.GetValueOrDefault(position) is { } last && time.GetElapsedTime(last) < Pause)
                return false;
            Remember(position);
            places[position] = time.GetTimestamp();
            return true;
        }
    }
}
