using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Finds for how long the oldest own message has waited that nobody else holds yet. What was read of a log is remembered until somebody holds more of it. Thread-safe.</summary>
internal sealed class OldestUndelivered(LogStore store, TimeProvider time)
{
    private readonly Lock gate = new();
    private Dictionary<LogId, (ulong Sequence, DateTimeOffset? WrittenAt)> known = [];

    /// <summary>By this node's clock then and now; null if nothing waits, or what waits can't be read.</summary>
    public TimeSpan? FindAge()
    {
        lock (gate)
        {
            var now = new Dictionary<LogId, (ulong Sequence, DateTimeOffset? WrittenAt)>();
            foreach (var (log, waiting) in store.ReadUndelivered().Logs.Where(log => log.Value.IsExpected))
            {
                var next = waiting.Acknowledged + 1;
                now[log] = known.TryGetValue(log, out var before) && before.Sequence == next ? before : (next, ReadTime(log, next));
            }

            known = now;
            return now.Values.Min(oldest => oldest.WrittenAt) is not { } writtenAt ? null
                : time.GetUtcNow() - writtenAt is var age && age > TimeSpan.Zero ? age : TimeSpan.Zero;
        }
    }

    private DateTimeOffset? ReadTime(LogId log, ulong sequence)
    {
        if (MessageLookup.Find(store, new MessageReference(log, sequence)) is not { } place || store.ReadFeed(place.FirstPosition - 1, 1, 1).Segments is not [var segment, ..] || segment.Erased)
            return null;
        var entry = SegmentBodyReader.ReadOne(segment.Header, segment.Body, (int)(sequence - segment.Header.FirstSequence));
        return entry is null ? null : HybridClock.ToTime(entry.Clock);
    }
}
