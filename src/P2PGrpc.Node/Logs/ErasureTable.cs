using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Through which position a conversation has been erased, but for the spared segments.</summary>
internal readonly record struct ErasedThrough(ConversationId Conversation, ulong Position);

/// <summary>A segment as it lies on disk, without its body and not verified.</summary>
/// <param name="FirstPosition">The position of its first entry.</param>
/// <param name="Count">How many entries it has.</param>
/// <param name="Log">The row of its log.</param>
/// <param name="FirstSequence">The sequence of its first entry.</param>
/// <param name="Bytes">The length of its body; null if that was erased.</param>
internal readonly record struct HeldRow(ulong FirstPosition, ulong Count, long Log, ulong FirstSequence, long? Bytes)
{
    public ulong LastPosition => FirstPosition + Count - 1;

    public ulong LastSequence => FirstSequence + Count - 1;
}

/// <summary>Whose a log is.</summary>
internal sealed record LogOwner(LogId LogId, ConversationId Conversation, PeerId Author);

/// <summary>Reads what retention has to know of the feed, and what it has noted.</summary>
internal static class ErasureTable
{
    // Neither the type nor the length of a body takes a read of it.
    private const string Columns = "s.position, s.count, s.log, s.first_sequence, CASE typeof(s.body) WHEN 'blob' THEN length(s.body) END";

    public static IReadOnlyList<ErasedThrough> Read(StoreConnection connection)
    {
        var erased = new List<ErasedThrough>();
        using var row = connection.Bind("SELECT conversation, through FROM erased").ExecuteReader();
        while (row.Read())
        {
            if (SegmentRow.ReadBytes32(row, 0) is { } conversation)
                erased.Add(new ErasedThrough(new ConversationId(conversation), SegmentRow.ReadUnsigned(row, 1)));
        }

        return erased;
    }

    /// <summary>The segments after a position, in order.</summary>
    public static IReadOnlyList<HeldRow> ReadHeld(StoreConnection connection, ulong after, ulong last, int count) => ReadRows(
        connection, $"SELECT {Columns} FROM segment s WHERE s.position > $1 AND s.position <= $2 ORDER BY s.position LIMIT $3", after, last, count);

    /// <summary>The spared segments after a position, in order.</summary>
    public static IReadOnlyList<HeldRow> ReadSpared(StoreConnection connection, ulong after, int count) => ReadRows(
        connection,
        $"SELECT {Columns} FROM spared p JOIN segment s ON s.position = p.position WHERE p.position > $1 AND p.position <= $2 ORDER BY p.position LIMIT $3",
        after, LogLimits.Sequence, count);

    /// <summary>Whose a log is; null if its row can't be read.</summary>
    public static LogOwner? FindOwner(StoreConnection connection, long log)
    {
        using var row = connection.Bind("SELECT log_id, conversation, author FROM log WHERE id = $1", log).ExecuteReader();
        return row.Read() && SegmentRow.ReadBytes32(row, 0) is { } logId && SegmentRow.ReadBytes32(row, 1) is { } conversation
            && SegmentRow.ReadBytes32(row, 2) is { } author
            ? new LogOwner(new LogId(logId), new ConversationId(conversation), new PeerId(author))
            : null;
    }

    /// <summary>Bytes of the bodies of a log that begin after a sequence.</summary>
    public static long CountBytes(StoreConnection connection, LogId log, ulong after) => connection.ReadScalar(
        """
        SELECT sum(length(body)) FROM segment
        WHERE log = (SELECT id FROM log WHERE log_id = $1) AND first_sequence > $2 AND typeof(body) = 'blob'
        """,
        log.Value.ToArray(), (long)after) is long bytes ? bytes : 0;

    private static List<HeldRow> ReadRows(StoreConnection connection, string sql, ulong after, ulong last, int count)
    {
        var rows = new List<HeldRow>();
        using var row = connection.Bind(sql, (long)after, (long)last, (long)count).ExecuteReader();
        while (row.Read())
            rows.Add(new HeldRow(
                SegmentRow.ReadPosition(row), Math.Max(1, SegmentRow.ReadUnsigned(row, 1)), (long)SegmentRow.ReadUnsigned(row, 2), SegmentRow.ReadUnsigned(row, 3),
                row.IsDBNull(4) ? null : (long)SegmentRow.ReadUnsigned(row, 4)));
        return rows;
    }
}
