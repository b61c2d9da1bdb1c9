using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Logs;

/// <summary>The writer's connection and all that is known through it. A recovery throws it away as a whole and opens another, which
/// begins new epochs because it remembers none. Writer thread only, but for its opening.</summary>
internal sealed class WriterSession : IDisposable
{
    // Older ones have a fault that can lose a commit when a checkpoint and a write-ahead log reset meet.
    private static readonly Version LeastSqlite = new(3, 51, 3);

    private WriterSession(StoreConnection connection, LogStoreOptions options, IdentityKey identity, RunningTime running, StampClock clock)
    {
        Connection = connection;
        running.Load(connection);
        Logs = new LogTable(connection, options.RememberedLogs);
        Appends = new LogWriter(identity, Logs, new MessageIds(connection, running, options.MessageIdLifetime), clock);
        Erasures = new SegmentErasure(connection);
        Arrivals = new ArrivalTable(connection, running, Logs);
        Forks = new ForkTable(connection, Logs);
    }

    public StoreConnection Connection { get; }

    public LogTable Logs { get; }

    public LogWriter Appends { get; }

    public ForkTable Forks { get; }

    public SegmentErasure Erasures { get; }

    public ArrivalTable Arrivals { get; }

    /// <summary>Opens the database and makes certain that all that can be read from it is on disk: what a crash left in the write-ahead
    /// log may be in memory only.</summary>
    /// <exception cref="NodeStartException">The database is newer than this program, or none of ours.</exception>
    /// <exception cref="SqliteException">It could not be opened or flushed.</exception>
    /// <exception cref="IOException">It could not be flushed.</exception>
    public static WriterSession Open(
        LogStoreOptions options, bool recovering, IdentityKey identity, RunningTime running, StampClock clock)
    {
        var connection = StoreConnection.OpenWriter(options.DatabasePath);
        try
        {
            CheckVersion(connection);
            Configure(connection, options);
            Schema.Apply(connection.Sqlite, options.DatabasePath);
            Flush(connection, options.DatabasePath, recovering);
            MendLogRows(connection);
            if (options.MaximumPages > 0)
                connection.ReadScalar($"PRAGMA max_page_count = {options.MaximumPages}");
            return new WriterSession(connection, options, identity, running, clock);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void Dispose() => Connection.Dispose();

    private static void CheckVersion(StoreConnection connection)
    {
        var text = connection.ReadScalar("SELECT sqlite_version()") as string;
        if (!Version.TryParse(text, out var version) || version < LeastSqlite)
            throw new NodeStartException(
                "SQLITE_TOO_OLD",
                $"SQLite {text} was loaded; at least {LeastSqlite} is needed. Use the library that comes with this program.");
    }

    private static void Configure(StoreConnection connection, LogStoreOptions options)
    {
        if (connection.ReadScalar("PRAGMA journal_mode = WAL") is not "wal")
            throw new NodeStartException("DATABASE_DAMAGED", $"{options.DatabasePath} can't be used with a write-ahead log. Use a local file system.");
        connection.Execute("PRAGMA synchronous = FULL");
        connection.Execute("PRAGMA foreign_keys = 0");

        // What is erased is overwritten where its page is written in any case; whole pages are overwritten when they are used again.
        connection.ReadScalar("PRAGMA secure_delete = FAST");
        connection.ReadScalar($"PRAGMA wal_autocheckpoint = {options.CheckpointPages}");

        // Enough for a reader that is under way to end; only checkpoints ever wait for readers.
        connection.ReadScalar("PRAGMA busy_timeout = 1000");
    }

    private static void MendLogRows(StoreConnection connection)
    {
        try
        {
            LogRowRepair.Mend(connection);
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode is SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_CONSTRAINT)
        {
            // What is wrong stays so until there is room; a page that can't be read is reported by whoever needs it.
        }
    }

    private static void Flush(StoreConnection connection, string path, bool recovering)
    {
        try
        {
            Checkpoint(connection);
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL && !recovering)
        {
            // Without room for the checkpoint a node still starts, and reads: the log that SQLite reads from is flushed where it lies.
            DurableFiles.Sync(path + DataFiles.WriteAheadLog);
        }

        DurableFiles.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    private static void Checkpoint(StoreConnection connection)
    {
        using var row = connection.Bind("PRAGMA wal_checkpoint(TRUNCATE)").ExecuteReader();
        if (!row.Read() || row.GetInt64(0) != 0)
            throw new IOException("The write-ahead log could not be taken into the database, because a reader holds it.");
    }
}
