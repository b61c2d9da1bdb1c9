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
        foreach (var (position, count) in Read("SELECT position, count FROM spared ORDER BY position"))
        {
            if (spared.Contains(position))
                continue;
            Forget(position, count);
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
        var segments = Read(
            "SELECT position, count FROM segment WHERE conversation = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4",
            conversation, known, (long)through, SegmentsPerStep);
        foreach (var (position, count) in segments)
        {
            if (spared.Contains(position))
                connection.Execute("INSERT OR IGNORE INTO spared (position, count) VALUES ($1, $2)", (long)position, (long)count);
            else
                Forget(position, count);
        }

        var isMore = segments.Count == SegmentsPerStep;
        connection.Execute(
            "INSERT OR REPLACE INTO erased (conversation, position) VALUES ($1, $2)", conversation, isMore ? (long)segments[^1].Position : (long)through);
        return isMore;
    }

    private void Forget(ulong position, ulong count) =>
        connection.Execute("DELETE FROM search WHERE rowid >= $1 AND rowid < $2", (long)position, (long)(position + count));

    private long? FindNumber(ConversationId conversation) =>
        connection.ReadScalar("SELECT number FROM conversation WHERE conversation = $1", conversation.Value.ToArray()) as long?;

    private List<(ulong Position, ulong Count)> Read(string sql, params ReadOnlySpan<object> values)
    {
        var segments = new List<(ulong, ulong)>();
        using var row = connection.Bind(sql, values).ExecuteReader();
        while (row.Read())
            segments.Add((SegmentRow.ReadUnsigned(row, 0), SegmentRow.ReadUnsigned(row, 1)));
        return segments;
    }
}
