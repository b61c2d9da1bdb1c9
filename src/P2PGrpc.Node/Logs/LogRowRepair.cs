using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Mends rows of the table of logs in which a bit has flipped: a log that is not found under its id would be taken for a new one, and all of its messages would come
/// once more. A LogId is the hash of the other columns, and each signed header of a log says all four. Within a transaction of its own, before anything else is read.</summary>
internal static class LogRowRepair
{
    /// <summary>Segments whose headers are looked at for a log whose row is wrong: one that is whole is enough.</summary>
    private const int HeadersRead = 8;

    /// <summary>Looks at all rows, and mends those that can be.</summary>
    /// <returns>How many were mended.</returns>
    public static int Mend(StoreConnection connection)
    {
        var wrong = FindWrong(connection);
        if (wrong.Count == 0 && connection.ReadScalar("PRAGMA integrity_check(log)") is "ok")
            return 0;
        var mended = 0;
        connection.Begin();
        try
        {
            // What the rows say counts: a bit may have flipped in an index alone, or in a row that an index still knows as it was.
            connection.Execute("REINDEX log");
            foreach (var id in wrong)
                if (FindKey(connection, id) is { } key && !IsTaken(connection, id, key.ToLogId()))
                    mended += connection.Execute(
                        "UPDATE log SET log_id = $2, conversation = $3, author = $4, epoch = $5 WHERE id = $1",
                        id, key.ToLogId().Value.ToArray(), key.Conversation.Value.ToArray(), key.Author.ToArray(), unchecked((long)key.Epoch));
            connection.Commit();
        }
        catch
        {
            connection.RollBack();
            throw;
        }

        return mended;
    }

    private static List<long> FindWrong(StoreConnection connection)
    {
        var wrong = new List<long>();
        using var row = connection.Bind("SELECT id, log_id, conversation, author, epoch FROM log").ExecuteReader();
        while (row.Read())
            if (SegmentRow.ReadBytes32(row, 1) is not { } logId || SegmentRow.ReadBytes32(row, 2) is not { } conversation || SegmentRow.ReadBytes32(row, 3) is not { } author
                || new LogKey(new ConversationId(conversation), new PeerId(author), SegmentRow.ReadUnsigned(row, 4)).ToLogId() != new LogId(logId))
                wrong.Add(row.GetInt64(0));
        return wrong;
    }

    private static LogKey? FindKey(StoreConnection connection, long log)
    {
        using var row = connection.Bind(
            $"SELECT {SegmentRow.HeaderColumns} FROM segment s WHERE s.log = $1 ORDER BY s.first_sequence LIMIT $2", log, (long)HeadersRead).ExecuteReader();
        while (row.Read())
            if (SegmentRow.ReadHeader(row) is { } header && SegmentVerification.FindFault(header) is null)
                return header.Log;
        return null;
    }

    private static bool IsTaken(StoreConnection connection, long id, LogId logId) =>
        connection.ReadScalar("SELECT 1 FROM log WHERE log_id = $1 AND id <> $2", logId.Value.ToArray(), id) is not null;
}
