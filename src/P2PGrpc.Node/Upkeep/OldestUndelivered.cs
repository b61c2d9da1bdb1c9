using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Finds how long the oldest of this node's messages has been waiting to be acknowledged.</summary>
internal static class OldestUndelivered
{
    /// <summary>Logs that are looked at: of more, which many restarts during a long absence make, those that are not looked at are hardly older.</summary>
    private const int MostLogs = 200;

    /// <summary>By this node's clock then and now; null if nothing waits, or the message can't be read.</summary>
    public static TimeSpan? Find(LogStore store, TimeProvider time)
    {
        (ulong Position, ulong Sequence)? oldest = null;
        foreach (var (log, own) in store.ReadUndelivered().Logs.Take(MostLogs))
            if (MessageLookup.Find(store, new MessageReference(log, own.Acknowledged + 1)) is { } place && (oldest is null || place.FirstPosition < oldest.Value.Position))
                oldest = (place.FirstPosition, own.Acknowledged + 1);
        if (oldest is not { } found || store.ReadFeed(found.Position - 1, 1, LogLimits.BodyLength).Segments is not [{ Erased: false } segment, ..])
            return null;
        var index = (int)(found.Sequence - segment.Header.FirstSequence);
        return SegmentBodyReader.ReadOne(segment.Header, segment.Body, index) is { } entry
            ? Later(time.GetUtcNow() - HybridClock.ToTime(entry.Clock), TimeSpan.Zero)
            : null;
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
