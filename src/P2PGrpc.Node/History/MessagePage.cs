using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Delivery;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.History;

/// <summary>Messages gathered from the logs by their positions, one after the other in the order of the page. For one page. Not thread-safe.</summary>
internal sealed class MessagePage(LogStore store, MessageBatches batches)
{
    private readonly List<Gathered> gathered = [];
    private FeedSegment? segment;
    private long weight;

    /// <summary>Messages whose place is known and whose bytes can't be read.</summary>
    public uint Unreadable { get; private set; }

    /// <summary>Reads the message at a position. False if the page is full: then it is left out.</summary>
    public bool TryAdd(ulong position)
    {
        if (weight >= HistoryLimits.PageBytes)
            return false;
        if (Find(position) is not { } found)
        {
            Unreadable++;
            return true;
        }

        var index = (int)(position - found.FirstPosition);
        var entry = SegmentBodyReader.ReadOne(found.Header, found.Body, index) ?? new Entry();
        weight += entry.CalculateSize();
        // What is read here may be answered: the answer sorts after it.
        store.ObserveClock(entry.Clock);
        gathered.Add(new Gathered(found, index, entry, IsAhead: false, MissingBefore: 0));
        return true;
    }

    /// <summary>Adds a message that was seen ahead. False as above.</summary>
    public bool TryAdd(AheadMessage ahead, ulong missingBefore)
    {
        if (weight >= HistoryLimits.PageBytes)
            return false;
        var entry = SegmentBodyReader.ReadOne(ahead.Segment.Header, ahead.Segment.Body, ahead.Index) ?? new Entry();
        weight += entry.CalculateSize();
        gathered.Add(new Gathered(ahead.Segment, ahead.Index, entry, IsAhead: true, missingBefore));
        return true;
    }

    /// <summary>All that was gathered.</summary>
    /// <param name="turned">True for the opposite order.</param>
    public IEnumerable<MessageBatch> Write(bool turned)
    {
        MessageBatch? batch = null;
        Gathered? last = null;
        foreach (var next in turned ? gathered.AsEnumerable().Reverse() : gathered)
        {
            if (batch is null || last is null || !next.Follows(last))
            {
                if (batch is not null)
                    yield return batch;
                batch = Begin(next);
            }

            if (next.Segment.Erased)
                batch.Erased++;
            else
                batch.Messages.Add(next.Entry);
            last = next;
        }

        if (batch is not null)
            yield return batch;
    }

    /// <summary>The segment that holds a position. Neighbours on a page mostly lie in the same one.</summary>
    private FeedSegment? Find(ulong position)
    {
        if (segment is null || position < segment.FirstPosition || position > segment.LastPosition)
            segment = store.ReadFeed(position - 1, 1, 0).Segments is [var held, ..] ? held : null;
        return segment is not null && position >= segment.FirstPosition && position <= segment.LastPosition ? segment : null;
    }

    private MessageBatch Begin(Gathered first)
    {
        if (!first.IsAhead)
            return batches.Begin(first.Segment, first.Index);
        var batch = batches.BeginAhead(first.Segment.Header, first.Index);
        batch.MissingBefore = first.MissingBefore;
        return batch;
    }

    private sealed record Gathered(FeedSegment Segment, int Index, Entry Entry, bool IsAhead, ulong MissingBefore)
    {
        /// <summary>True if it stands in one batch with another: in its segment, or if both are erased in its log, right behind it.</summary>
        public bool Follows(Gathered other) => Segment == other.Segment
            ? Index == other.Index + 1
            : Segment.Erased && other.Segment.Erased && Segment.Header.LogId == other.Segment.Header.LogId && Sequence == other.Sequence + 1;

        private ulong Sequence => Segment.Header.FirstSequence + (ulong)Index;
    }
}
