namespace P2PGrpc.Core.Replication;

/// <summary>Something that may have one time at which it wants to be looked at. Set by <see cref="Deadlines"/> only.</summary>
internal abstract class Timed
{
    /// <summary>When to look; null if never.</summary>
    public TimeSpan? DueAt { get; set; }

    /// <summary>The time of this one's valid entry in the queue, which may be before <see cref="DueAt"/>.</summary>
    public TimeSpan? QueuedAt { get; set; }
}

/// <summary>All deadlines of a replicator. Moving one to a later time costs nothing until its old time comes.</summary>
internal sealed class Deadlines
{
    private readonly PriorityQueue<Timed, (TimeSpan At, long Order)> queue = new();
    private long order;

    /// <summary>How many times are kept, some of which are void.</summary>
    public int Count => queue.Count;

    public void Set(Timed timed, TimeSpan? at)
    {
        timed.DueAt = at;
        if (at is { } time && (timed.QueuedAt is not { } queued || time < queued))
            Enqueue(timed, time);
    }

    /// <summary>Takes one that is due; its deadline is cleared.</summary>
    public bool TryTake(TimeSpan now, out Timed? due)
    {
        due = null;
        if (Earliest() is not { } earliest || earliest > now)
            return false;
        due = queue.Dequeue();
        due.QueuedAt = null;
        due.DueAt = null;
        return true;
    }

    /// <summary>The earliest deadline; null if there is none.</summary>
    public TimeSpan? Earliest()
    {
        while (queue.TryPeek(out var timed, out var entry))
        {
            if (timed.QueuedAt == entry.At && timed.DueAt == entry.At)
                return entry.At;
            queue.Dequeue();
            if (timed.QueuedAt != entry.At)
                continue;
            timed.QueuedAt = null;
            if (timed.DueAt is { } later)
                Enqueue(timed, later);
        }

        return null;
    }

    private void Enqueue(Timed timed, TimeSpan at)
    {
        timed.QueuedAt = at;
        queue.Enqueue(timed, (at, order++));
    }
}
