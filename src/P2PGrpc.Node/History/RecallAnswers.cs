using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.History;

/// <summary>What this node shows neighbours that look ahead: the end of a conversation, in the order in which it arrived here, and page by page what lies before. Thread-safe.</summary>
internal sealed class RecallAnswers(LogStore store, HistoryIndexer index)
{
    /// <summary>Reads as much as an answer may hold. What can't be read whole is left out.</summary>
    /// <exception cref="StoreException">The index can't be read now.</exception>
    public async Task<RecalledStretch> ReadAsync(ConversationId conversation, ulong before, CancellationToken cancellationToken)
    {
        await index.CatchUpAsync(HistoryLimits.AnswerPatience, cancellationToken).ConfigureAwait(false);
        var positions = index.Read(connection => HistoryReader.FindConversation(connection, conversation) is { Number: var number }
            ? HistoryReader.ListSegments(connection, number, before == 0 ? ulong.MaxValue : before, FrameLimits.RecalledSegments + 1)
            : []);
        var segments = new List<(SegmentHeader, ReadOnlyMemory<byte>)>();
        var (weight, through) = (0, 0ul);
        foreach (var position in positions.Take(FrameLimits.RecalledSegments))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Find(position, conversation) is { } found)
            {
                weight += found.Header.Weight;
                if (weight > FrameLimits.RecalledBytes && segments.Count > 0)
                    break;
                segments.Add((found.Header, found.Body));
            }

            through = position;
        }

        return new RecalledStretch(segments, positions.Count > 0 && positions[^1] != through ? through : 0);
    }

    private FeedSegment? Find(ulong position, ConversationId conversation) =>
        store.ReadFeed(position - 1, 1, 0).Segments is [{ Erased: false } held] && held.FirstPosition == position && held.Header.Log.Conversation == conversation ? held : null;
}
