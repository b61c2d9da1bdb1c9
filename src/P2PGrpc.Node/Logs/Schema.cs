using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Logs;

/// <summary>The tables of the database. Changing them means a new version and a step from the one before.</summary>
internal static class Schema
{
    /// <summary>The version that this program writes, kept in user_version.</summary>
    public const long Version = 4;

    // A segment's position is that of its first entry. 64-bit ids are stored as signed integers, hashes as 32-byte blobs,
    // headers as encoded SegmentHeader messages. Large columns stand last, so that the others are read without them.
    private const string Create = """
        CREATE TABLE log (
            id INTEGER PRIMARY KEY,
            log_id BLOB NOT NULL UNIQUE,
            conversation BLOB NOT NULL,
            author BLOB NOT NULL,
            epoch INTEGER NOT NULL,
            frozen INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX log_by_conversation ON log (conversation, log_id);
        CREATE TABLE segment (
            position INTEGER PRIMARY KEY,
            log INTEGER NOT NULL,
            first_sequence INTEGER NOT NULL,
            count INTEGER NOT NULL,
            hash BLOB NOT NULL,
            header BLOB NOT NULL,
            body BLOB NOT NULL);
        CREATE UNIQUE INDEX segment_by_log ON segment (log, first_sequence);
        CREATE TABLE fork_proof (log INTEGER PRIMARY KEY, first BLOB NOT NULL, second BLOB NOT NULL);
        CREATE TABLE message_id (
            message_id TEXT PRIMARY KEY,
            conversation BLOB NOT NULL,
            content_hash BLOB NOT NULL,
            log INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE consumer (name TEXT PRIMARY KEY, position INTEGER NOT NULL, check_value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE peer_cursor (
            peer BLOB NOT NULL,
            log_id BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            PRIMARY KEY (peer, log_id)) WITHOUT ROWID;
        CREATE TABLE peer (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE running_time (id INTEGER PRIMARY KEY CHECK (id = 1), milliseconds INTEGER NOT NULL);
        INSERT INTO running_time VALUES (1, 0);

        """ + Rooms;

    // What is kept how long, what was erased, which segments of that were spared because nobody else holds them, and at which running time positions were reached.
    private const string Retention = """

        CREATE TABLE retention (conversation BLOB PRIMARY KEY, days INTEGER, bytes INTEGER) WITHOUT ROWID;
        CREATE TABLE erased (conversation BLOB PRIMARY KEY, through INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE spared (position INTEGER PRIMARY KEY);
        CREATE TABLE arrival (position INTEGER PRIMARY KEY, running INTEGER NOT NULL);
        """;

    private const string Rooms = """
        CREATE TABLE room (conversation BLOB PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE heard (peer BLOB PRIMARY KEY, instance INTEGER NOT NULL, position INTEGER NOT NULL, scope INTEGER NOT NULL) WITHOUT ROWID;

        """ + FromVersion3;

    // Version 3 had no history, no invites, no quotas of bytes, kept everything, and knew only those members whom tickets named. Of an invite
    // given there is the public key and the running time at which it ends; of one taken up its secret. How much is held of each other author; what was stored before it was counted is not.
    private const string FromVersion3 = """
        CREATE TABLE read_mark (conversation BLOB PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE invite (id BLOB PRIMARY KEY, alias TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE redemption (inviter BLOB PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE address_record (
            conversation BLOB NOT NULL,
            peer BLOB NOT NULL,
            record BLOB NOT NULL,
            PRIMARY KEY (conversation, peer)) WITHOUT ROWID;
        CREATE TABLE own_addresses (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, addresses TEXT NOT NULL);
        CREATE TABLE author_weight (conversation BLOB NOT NULL, author BLOB NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY (conversation, author)) WITHOUT ROWID;

        """ + Retention;

    // Version 1 took a message_id's age from the wall clock: where that stood is where the running time goes on.
    private const string FromVersion1 = """
        CREATE TABLE running_time (id INTEGER PRIMARY KEY CHECK (id = 1), milliseconds INTEGER NOT NULL);
        INSERT INTO running_time SELECT 1, ifnull(max(at), 0) FROM message_id;

        """ + FromVersion2;

    // Version 2 did not know what was shared when a position was heard: without it all is told once more.
    private const string FromVersion2 = "DROP TABLE heard;" + Rooms;

    /// <summary>Creates the tables in an empty database, or checks the version of one that has them.</summary>
    /// <param name="connection">The writer's connection, outside any transaction.</param>
    /// <param name="path">For messages.</param>
    /// <exception cref="NodeStartException">A newer program wrote the database, or it is none of ours.</exception>
    public static void Apply(SqliteConnection connection, string path)
    {
        var version = ReadScalar(connection, "PRAGMA user_version");
        if (version > Version)
            throw new NodeStartException(
                "DATABASE_NEWER",
                $"{path} was written by a newer version of this program (schema {version}, this one knows {Version}). "
                + "Run that version or a later one. To go back to this one, put back a copy of the directory that was made before, or use another directory.");
        if (version == 0)
        {
            if (ReadScalar(connection, "SELECT count(*) FROM sqlite_schema") != 0)
                throw new NodeStartException("DATABASE_DAMAGED", $"{path} holds tables of another program. Move it away, or use another directory.");
            Execute(connection, Create);
        }
        else if (version < Version)
        {
            Execute(connection, version switch
            {
                1 => FromVersion1,
                2 => FromVersion2,
                _ => FromVersion3,
            });
        }
    }

    /// <summary>Runs statements and sets the version, all or nothing.</summary>
    private static void Execute(SqliteConnection connection, string statements)
    {
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.CommandText = $"{statements} PRAGMA user_version = {Version};";
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private static long ReadScalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is long value ? value : throw new InvalidDataException($"No answer to: {sql}");
    }
}
