using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>The last segments of the feed in memory, as they were signed or verified and then committed: links and subscribers that keep up are served
/// without a read from the database, and without hashing anew what was hashed a moment ago. Thread-safe.</summary>
/// <param name="limit">Bytes of segments that are kept.</param>
internal sealed class RecentSegments(long limit)
{
    private readonly Lock gate = new();
    private readonly List<FeedSegment> segments = [];
    private readonly Dictionary<(LogId Log, ulong FirstSequence), FeedSegment> byPlace = [];
    private int start;
    private long weight;

    /// <summary>Keeps a committed segment and lets the oldest go. One that does not follow the last replaces all: what is kept has no gaps.</summary>
    public void Add(FeedSegment segment)
    {
        if (segment.Header.Weight > limit)
            return;
        lock (gate)
        {
            if (segments.Count > start && segments[^1].LastPosition + 1 != segment.FirstPosition)
                Forget();
            segments.Add(segment);
            byPlace[(segment.Header.LogId, segment.Header.FirstSequence)] = segment;
            weight += segment.Header.Weight;
            while (weight > limit)
                DropOldest();
        }
    }

    /// <summary>Lets go what was kept through a position: some of it has been erased.</summary>
    public void ForgetThrough(ulong position)
    {
        lock (gate)
        {
            while (start < segments.Count && segments[start].FirstPosition <= position)
                DropOldest();
        }
    }

    /// <summary>Lets all go: what is on disk counts.</summary>
    public void Clear()
    {
        lock (gate)
            Forget();
    }

    /// <summary>The segments after a position, as <see cref="FeedReader.Read(ulong, int, long)"/> gives them; null if the place is not kept here.</summary>
    public FeedPage? ReadFeed(ulong after, int maxSegments, long maxWeight)
    {
        lock (gate)
        {
            var index = Find(after + 1);
            if (index < 0)
                return null;
            var page = new List<FeedSegment>();
            var taken = 0L;
            for (; index < segments.Count && page.Count < maxSegments; index++)
            {
                taken += segments[index].Header.Weight;
                if (taken > maxWeight && page.Count > 0)
                    break;
                page.Add(segments[index]);
            }

            return new FeedPage(page, null);
        }
    }

    /// <summary>The segments right after a head of a log, as many as weigh at most this much together; null if that boundary is not kept here.</summary>
    public LoadResult.Segments? Load(LogId logId, Head after, long maxWeight)
    {
        lock (gate)
        {
            if (!byPlace.TryGetValue((logId, after.Sequence + 1), out var next) || next.Header.After != after)
                return null;
            var held = new List<HeldSegment>();
            var taken = 0L;
            do
            {
                taken += next.Header.Weight;
                if (taken > maxWeight)
                    break;
                held.Add(new HeldSegment(next.Header, new SegmentBytes(next.Body)));
            }
            while (byPlace.TryGetValue((logId, next.Header.LastSequence + 1), out next) && next.Header.After == held[^1].Header.Head);

            return new LoadResult.Segments(held);
        }
    }

    /// <summary>The check value of the segment that holds a position; null if it is not kept here.</summary>
    public ulong? FindCheck(ulong position)
    {
        lock (gate)
        {
            var index = Find(position);
            return index < 0 ? null : segments[index].Header.Hash.Prefix;
        }
    }

    /// <summary>The index of the segment that holds a position, by halving; -1 if none does.</summary>
    private int Find(ulong position)
    {
        if (segments.Count == start || position < segments[start].FirstPosition || position > segments[^1].LastPosition)
            return -1;
        var (low, high) = (start, segments.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (segments[middle].LastPosition < position)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private void DropOldest()
    {
        var oldest = segments[start];
        byPlace.Remove((oldest.Header.LogId, oldest.Header.FirstSequence));
        weight -= oldest.Header.Weight;
        segments[start++] = null!;
        // Moving the rest to the front costs as much as it frees, so it is done seldom.
        if (start < 1024 || start < segments.Count / 2)
            return;
        segments.RemoveRange(0, start);
        start = 0;
    }

    private void Forget()
    {
        segments.Clear();
        byPlace.Clear();
        start = 0;
        weight = 0;
    }
}
