using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Where in its log a damaged segment stands: enough to ask a peer for it.</summary>
/// <param name="Log">The log.</param>
/// <param name="LogId">Its id.</param>
/// <param name="After">The head right before the segment.</param>
internal sealed record DamagedPlace(LogKey Log, LogId LogId, Head After)
{
    /// <summary>The place of the segment at a position; null where too little of it can be read.</summary>
    public static DamagedPlace? Find(StoreConnection connection, ulong position)
    {
        using var row = connection.Bind(
            $"""
            SELECT {SegmentRow.HeaderColumns}, s.log, l.log_id, l.conversation, l.author, l.epoch FROM segment s
            JOIN log l ON l.id = s.log WHERE s.position = $1
            """,
            (long)position).ExecuteReader();
        if (!row.Read()
            || SegmentRow.ReadBytes32(row, 6) is not { } logIdBytes || SegmentRow.ReadBytes32(row, 7) is not { } conversation
            || SegmentRow.ReadBytes32(row, 8) is not { } author)
            return null;
        var key = new LogKey(new ConversationId(conversation), new PeerId(author), SegmentRow.ReadUnsigned(row, 9));
        var logId = new LogId(logIdBytes);
        if (key.ToLogId() != logId)
            return null;
        if (SegmentRow.ReadHeader(row) is { } header && header.LogId == logId)
            return new DamagedPlace(key, logId, header.After);
        return FindBefore(connection, logId, row.GetInt64(5), SegmentRow.ReadUnsigned(row, 1)) is { } after ? new DamagedPlace(key, logId, after) : null;
    }

    /// <summary>The head that a log has right before a sequence.</summary>
    public static Head? FindBefore(StoreConnection connection, LogId logId, long log, ulong sequence)
    {
        if (sequence == 1)
            return logId.Empty;
        using var row = connection.Bind(
            $"SELECT {SegmentRow.HeaderColumns} FROM segment s WHERE log = $1 AND first_sequence < $2 ORDER BY first_sequence DESC LIMIT 1",
            log, (long)Math.Min(sequence, LogLimits.Sequence)).ExecuteReader();
        return row.Read() && SegmentRow.ReadHead(row) is { } head && head.Sequence + 1 == sequence ? head : null;
    }
}
