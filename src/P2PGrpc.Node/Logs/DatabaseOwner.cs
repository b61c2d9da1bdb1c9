using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Logs;

/// <summary>Finds out whose a database is, by what only its own node writes there: which of its logs peers have acknowledged, and which messages its message_ids were used for; and by
/// what no node takes in but that to which it was written. A look at a few rows: one that is damaged says nothing, and many databases of a node that has hardly been used say nothing either.</summary>
internal static class DatabaseOwner
{
    // Each is enough; the others are for damage.
    private const string OwnLogs = """
        SELECT l.log_id, l.conversation, l.author, l.epoch FROM (SELECT log_id FROM peer_cursor LIMIT 64) AS told JOIN log l ON l.log_id = told.log_id
        UNION ALL
        SELECT l.log_id, l.conversation, l.author, l.epoch FROM (SELECT log, conversation FROM message_id LIMIT 64) AS used
            JOIN log l ON l.id = used.log AND l.conversation = used.conversation
        """;

    private const string OtherLogs =
        $"SELECT {SegmentRow.HeaderColumns} FROM (SELECT id FROM log WHERE author <> $1 ORDER BY id LIMIT 64) AS l JOIN segment s ON s.log = l.id AND s.first_sequence = 1";

    /// <exception cref="NodeStartException">DATABASE_OF_ANOTHER: the database of this path is not that of the key.</exception>
    public static void Check(string databasePath, string identityPath, PeerId self)
    {
        try
        {
            using var connection = StoreConnection.OpenReader(databasePath);
            if (FindFault(connection, self, databasePath, identityPath) is { } fault)
                throw new NodeStartException("DATABASE_OF_ANOTHER", fault);
        }
        catch (SqliteException)
        {
            // There is none yet, or what is wrong with it is told by whoever opens it to write.
        }
    }

    /// <summary>What is to be said of a database that is not this node's; null if it is, or nothing shows whose it is.</summary>
    public static string? FindFault(StoreConnection connection, PeerId self, string databasePath, string identityPath)
    {
        var (isOwn, owner) = FindAuthor(connection, self);
        return isOwn || (owner is null && !HoldsWhatIsForAnother(connection, self))
            ? null
            : $"{databasePath} is the database of {owner?.ToString() ?? "another node"}, and {identityPath} is the key of {self}. Put the key and the database that belong together into one "
                + "directory; 'p2pgrpc restore' looks at that by itself.";
    }

    private static (bool IsOwn, PeerId? Owner) FindAuthor(StoreConnection connection, PeerId self)
    {
        PeerId? owner = null;
        using var row = connection.Bind(OwnLogs).ExecuteReader();
        while (row.Read())
        {
            if (SegmentRow.ReadBytes32(row, 0) is not { } logId || SegmentRow.ReadBytes32(row, 1) is not { } conversation || SegmentRow.ReadBytes32(row, 2) is not { } author
                || new LogKey(new ConversationId(conversation), new PeerId(author), SegmentRow.ReadUnsigned(row, 3)).ToLogId() != new LogId(logId))
                continue;
            owner = new PeerId(author);
            if (owner == self)
                return (true, owner);
        }

        return (false, owner);
    }

    /// <summary>Whether there are messages that their author wrote to another than this node, and in no room.</summary>
    private static bool HoldsWhatIsForAnother(StoreConnection connection, PeerId self)
    {
        using var row = connection.Bind(OtherLogs, self.ToArray()).ExecuteReader();
        while (row.Read())
            if (SegmentRow.ReadHeader(row) is { } first && first.Log.Author != self && first.Log.Conversation != ConversationId.Direct(self, first.Log.Author)
                && SegmentVerification.FindFault(first) is null && !RoomAdmission.IsGiven(first))
                return true;
        return false;
    }
}
