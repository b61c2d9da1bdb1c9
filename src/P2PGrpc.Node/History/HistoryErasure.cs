using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.History;

/// <summary>Takes the words of messages that were erased out of the index; where they stood stays known. Within the transaction that is open. Not thread-safe.</summary>
internal sealed class HistoryErasure(StoreConnection connection)
{
    /// <summary>Segments that one transaction looks at.</summary>
    private const long SegmentsPerStep = 1000;

    /// <summary>Follows what the store has erased.</summary>
    /// <param name="erased">Through which position of each conversation, but for what was spared.</param>
    /// <param name="spared">The positions of segments that were spared.</param>
    /// <param name="indexed">How far the index has come: what lies behind that is followed later.</param>
    /// <returns>True if there may be more to do.</returns>
    public bool Follow(IReadOnlyList<ErasedThrough> erased, IReadOnlySet<ulong> spared, ulong indexed)
    {
        foreach (var (position, conversation) in ReadSpared())
        {
            if (spared.Contains(position))
                continue;
            Forget(conversation, position);
            connection.Execute("DELETE FROM spared WHERE position = $1", (long)position);
        }

        var isMore = false;
        foreach (var conversation in erased)
        {
            if (FindNumber(conversation.Conversation) is { } number)
                isMore |= Follow(number, Math.Min(conversation.Position, indexed), spared) || conversation.Position > indexed;
            else
                isMore |= conversation.Position > indexed;
        }

        return isMore;
    }

    private bool Follow(long conversation, ulong through, IReadOnlySet<ulong> spared)
    {
        var known = connection.ReadScalar("SELECT position FROM erased WHERE conversation = $1", conversation) as long? ?? 0;
        if ((ulong)known >= through)
            return false;
        var segments = ReadSegments(conversation, known, through);
        foreach (var position in segments)
        {
            if (spared.Contains(position))
                connection.Execute("INSERT OR IGNORE INTO spared (position, conversation) VALUES ($1, $2)", (long)position, conversation);
            else
                Forget(conversation, position);
        }

        var isMore = segments.Count == SegmentsPerStep;
        connection.Execute(
            "INSERT OR REPLACE INTO erased (conversation, position) VALUES ($1, $2)", conversation, isMore ? (long)segments[^1] : (long)through);
        return isMore;
    }

    /// <summary>A segment that was indexed as erased has neither words nor a place in the count of what can be read.</summary>
    private void Forget(long conversation, ulong position)
    {
        long count, messages;
        using (var row = connection.Bind(
            "UPDATE segment SET erased = 1 WHERE conversation = $1 AND position = $2 AND erased = 0 RETURNING count, messages", conversation, (long)position).ExecuteReader())
        {
            if (!row.Read())
                return;
            (count, messages) = (row.GetInt64(0), row.GetInt64(1));
        }

        connection.Execute("UPDATE conversation SET messages = messages - $2 WHERE number = $1", conversation, messages);
        connection.Execute("DELETE FROM search WHERE rowid >= $1 AND rowid < $2", (long)position, (long)position + count);
    }

    private long? FindNumber(ConversationId conversation) =>
        connection.ReadScalar("SELECT number FROM conversation WHERE conversation = $1", conversation.Value.ToArray()) as long?;

    private List<(ulong Position, long Conversation)> ReadSpared()
    {
        using var row = connection.Bind("SELECT position, conversation FROM spared ORDER BY position").ExecuteReader();
        var spared = new List<(ulong, long)>();
        while (row.Read())
            spared.Add((SegmentRow.ReadUnsigned(row, 0), row.GetInt64(1)));
        return spared;
    }

    private List<ulong> ReadSegments(long conversation, long after, ulong through)
    {
        using var row = connection.Bind(
            "SELECT position FROM segment WHERE conversation = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4",
            conversation, after, (long)through, SegmentsPerStep).ExecuteReader();
        var positions = new List<ulong>();
        while (row.Read())
            positions.Add(SegmentRow.ReadUnsigned(row, 0));
        return positions;
    }
}
