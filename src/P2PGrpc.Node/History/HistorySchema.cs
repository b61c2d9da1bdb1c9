using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.History;

/// <summary>The tables of the history's index. All of it follows from the logs, so another version is built anew and never converted.</summary>
internal static class HistorySchema
{
    /// <summary>The version that this program writes, kept in user_version.</summary>
    private const long Version = 3;

    // Positions are those of the feed. Unsigned numbers whose order counts are stored with their highest bit turned over (HistoryPlace).
    // Of a segment, count is that of its entries and messages that of those which could be read when it was indexed: an author may sign any number of empty ones.
    // Others are these messages if they are of another author, others_before those of all segments before it.
    // Of an erased segment that was never indexed with its body no clock is known: its messages stand behind the last_clock of its author before it.
    // In search, place holds the numbers of conversation and author as words, so that a search in one of them need not go through all that was found.
    private const string Create = """
        CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL, check_value INTEGER NOT NULL);
        INSERT INTO progress VALUES (1, 0, 0);
        CREATE TABLE conversation (
            number INTEGER PRIMARY KEY,
            conversation BLOB NOT NULL UNIQUE,
            messages INTEGER NOT NULL,
            others INTEGER NOT NULL,
            last_position INTEGER NOT NULL);
        CREATE INDEX conversation_by_last ON conversation (last_position);
        CREATE TABLE author (number INTEGER PRIMARY KEY, author BLOB NOT NULL UNIQUE);
        CREATE TABLE segment (
            conversation INTEGER NOT NULL,
            position INTEGER NOT NULL,
            author INTEGER NOT NULL,
            count INTEGER NOT NULL,
            messages INTEGER NOT NULL,
            others INTEGER NOT NULL,
            others_before INTEGER NOT NULL,
            last_clock INTEGER NOT NULL,
            erased INTEGER NOT NULL,
            PRIMARY KEY (conversation, position)) WITHOUT ROWID;
        CREATE INDEX segment_by_author ON segment (conversation, author, position);
        CREATE TABLE entry (
            conversation INTEGER NOT NULL,
            clock INTEGER NOT NULL,
            author INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            log INTEGER NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (conversation, clock, author, epoch, sequence, log)) WITHOUT ROWID;
        CREATE TABLE erased (conversation INTEGER PRIMARY KEY, position INTEGER NOT NULL);
        CREATE TABLE spared (position INTEGER PRIMARY KEY, conversation INTEGER NOT NULL);
        CREATE TABLE missing (first_position INTEGER PRIMARY KEY, last_position INTEGER NOT NULL);
        CREATE VIRTUAL TABLE search USING fts5 (
            text, place, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2");
        """;

    private const string Drop = """
        DROP TABLE IF EXISTS progress;
        DROP TABLE IF EXISTS conversation;
        DROP TABLE IF EXISTS author;
        DROP TABLE IF EXISTS segment;
        DROP TABLE IF EXISTS entry;
        DROP TABLE IF EXISTS erased;
        DROP TABLE IF EXISTS spared;
        DROP TABLE IF EXISTS missing;
        DROP TABLE IF EXISTS search;

        """;

    /// <summary>Opens the index for writing, with its tables in place.</summary>
    /// <exception cref="SqliteException">It could not be opened: the disk is full, or the file is damaged or none of SQLite's.</exception>
    public static StoreConnection Open(string path, long maximumPages = 0)
    {
        var connection = StoreConnection.OpenWriter(path);
        try
        {
            // What a power loss takes is indexed again: without a flush for each transaction this leaves the disk to the logs.
            connection.ReadScalar("PRAGMA journal_mode = WAL");
            connection.Execute("PRAGMA synchronous = NORMAL");
            connection.ReadScalar("PRAGMA busy_timeout = 1000");
            if (maximumPages > 0)
                connection.ReadScalar($"PRAGMA max_page_count = {maximumPages}");
            if (connection.ReadScalar("PRAGMA user_version") is not Version)
                Clear(connection);
            return connection;
        }
        catch (SqliteException)
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Empties the index, all or nothing.</summary>
    public static void Clear(StoreConnection connection)
    {
        connection.Begin();
        try
        {
            using var command = connection.Sqlite.CreateCommand();
            command.Transaction = connection.Transaction;
            command.CommandText = $"{Drop}{Create} PRAGMA user_version = {Version};";
            command.ExecuteNonQuery();
            connection.Commit();
        }
        catch (SqliteException)
        {
            connection.RollBack();
            throw;
        }
    }
}
