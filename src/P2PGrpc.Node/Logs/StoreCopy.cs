using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Files;
using SQLitePCL;

namespace P2PGrpc.Node.Logs;

/// <summary>Copies a database that may be in use, page by page, as it is at one moment. The writer goes on meanwhile: the copy reads from a snapshot, which only keeps
/// the write-ahead log from being emptied, so that the log grows by what is written in that time.</summary>
internal static class StoreCopy
{
    /// <summary>A megabyte: often enough to tell how far it is, and to give up.</summary>
    private const int PagesPerStep = 256;

    /// <summary>What is written but not flushed would be flushed with the writer's next commit on some file systems, and hold it up: 8 MB at most.</summary>
    private const int StepsPerFlush = 8;

    /// <param name="source">The database.</param>
    /// <param name="target">An empty file. It gets the whole database, without a write-ahead log beside it, flushed to disk.</param>
    /// <param name="tell">Told after each step: the pages copied, and all of them.</param>
    /// <param name="cancellationToken">Gives up. What is in the target then means nothing.</param>
    /// <exception cref="SqliteException">One of the two can't be read or written.</exception>
    /// <exception cref="IOException">The target can't be flushed.</exception>
    public static void Copy(string source, string target, Action<long, long> tell, CancellationToken cancellationToken)
    {
        using (var reading = StoreConnection.OpenReader(source))
        using (var writing = StoreConnection.OpenWriter(target))
        {
            // Nothing of the target counts before all of it is there.
            writing.ReadScalar("PRAGMA journal_mode = OFF");
            writing.Execute("PRAGMA synchronous = OFF");
            reading.Execute("BEGIN");
            reading.ReadScalar("SELECT count(*) FROM sqlite_schema");
            CopyPages(reading.Sqlite, writing.Sqlite, target, tell, cancellationToken);
        }

        LeaveWriteAheadLog(target);
        DurableFiles.Sync(target);
    }

    private static void CopyPages(SqliteConnection from, SqliteConnection to, string target, Action<long, long> tell, CancellationToken cancellationToken)
    {
        using var copy = raw.sqlite3_backup_init(to.Handle, "main", from.Handle, "main");
        if (copy.IsInvalid)
            throw Failed(to);
        for (var step = 1; ; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = raw.sqlite3_backup_step(copy, PagesPerStep);
            var total = raw.sqlite3_backup_pagecount(copy);
            if (result == raw.SQLITE_DONE)
            {
                tell(total, total);
                return;
            }

            if (result != raw.SQLITE_OK)
                throw Failed(to, result);
            tell(total - raw.sqlite3_backup_remaining(copy), total);
            if (step % StepsPerFlush == 0)
                DurableFiles.Sync(target);
        }
    }

    /// <summary>A copy is one file: whoever looks into it needs no right to make others beside it.</summary>
    private static void LeaveWriteAheadLog(string target)
    {
        using var finishing = StoreConnection.OpenWriter(target);
        if (finishing.ReadScalar("PRAGMA journal_mode = DELETE") is not "delete")
            throw new IOException($"{target} could not be made a database of one file.");
    }

    private static SqliteException Failed(SqliteConnection connection, int? result = null) => new(
        raw.sqlite3_errmsg(connection.Handle).utf8_to_string(), result ?? raw.sqlite3_errcode(connection.Handle));
}
