using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using SQLitePCL;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Verifies a database from its first segment to its last: every hash and signature, every chain, and whatever points into them. Reads only, in short pieces,
/// so that a node that uses the database goes on.</summary>
/// <param name="path">The database.</param>
/// <param name="self">Whose it is; null if that is not known.</param>
internal sealed class FeedVerifier(string path, PeerId? self)
{
    /// <summary>Rows of one page: a few milliseconds of signatures on each core, and bodies of at most 48 MiB, one after the other.</summary>
    private const int RowsPerPage = 256;

    private const int StructureFaults = 20;

    private readonly List<string> pending = [];
    private ulong faults, segments, messages, erased;

    /// <param name="checksStructure">True: SQLite's own check of its tables and indexes, too, which takes one long read.</param>
    /// <param name="progress">Told after each page: the position, and the last one.</param>
    /// <param name="found">Told of each fault.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UpkeepException">It can't be opened, or was written by a newer version.</exception>
    public VerificationReport Run(bool checksStructure, Action<ulong, ulong> progress, Action<string> found, CancellationToken cancellationToken)
    {
        try
        {
            using var connection = StoreConnection.OpenReader(path);
            connection.ReadScalar("PRAGMA busy_timeout = 1000");
            // What is sorted need not find a place on a disk that may be full, or read-only.
            connection.Execute("PRAGMA temp_store = MEMORY");
            var version = connection.ReadScalar("PRAGMA user_version") as long? ?? 0;
            if (version > Schema.Version)
                throw new UpkeepException("DATABASE_NEWER", $"{path} was written by a newer version of this program. Use that one.");
            if (version == 0)
                throw new UpkeepException("DATABASE_DAMAGED", $"{path} is empty, or no database of this program.");
            var chain = new ChainCheck(self, pending.Add);
            var last = LogTable.ReadLastPosition(connection);
            ReadLogs(connection, chain);
            ReadFeed(connection, chain, last, progress, found, cancellationToken);
            if (version == Schema.Version)
            {
                new CursorCheck(connection, chain.Logs, last, pending.Add).Run(cancellationToken);
                new MessageIdCheck(connection, chain.Logs, pending.Add).Run(cancellationToken);
            }

            Flush(found);
            if (checksStructure)
                CheckStructure(connection);
            var structureFaults = (ulong)pending.Count;
            Flush(found);
            return new VerificationReport((ulong)chain.Logs.Count, segments, messages, erased, faults) { StructureFaults = structureFaults };
        }
        catch (SqliteException unreadable)
        {
            throw new UpkeepException("DATABASE_DAMAGED", $"{path} can't be read: {unreadable.Message}", unreadable);
        }
    }

    private static void ReadLogs(StoreConnection connection, ChainCheck chain)
    {
        using var row = connection.Bind("SELECT id, log_id, conversation, author, epoch, frozen FROM log").ExecuteReader();
        while (row.Read())
            if (SegmentRow.ReadBytes32(row, 1) is { } logId && SegmentRow.ReadBytes32(row, 2) is { } conversation && SegmentRow.ReadBytes32(row, 3) is { } author)
                chain.AddLog(
                    row.GetInt64(0), new LogId(logId),
                    new LogKey(new ConversationId(conversation), new PeerId(author), SegmentRow.ReadUnsigned(row, 4)), row.GetInt64(5) != 0);
    }

    private void ReadFeed(
        StoreConnection connection, ChainCheck chain, ulong last, Action<ulong, ulong> progress, Action<string> found, CancellationToken cancellationToken)
    {
        for (var from = 1ul; from <= last;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var rows = new List<VerifiedRow>(RowsPerPage);
            var next = TryReadPage(connection, from, last, rows);
            var forged = new string?[rows.Count];
            Parallel.For(
                0, rows.Count, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount },
                index => forged[index] = rows[index].Header is { } header ? SegmentVerification.FindFault(header) : null);
            for (var index = 0; index < rows.Count; index++)
                Add(rows[index], forged[index], chain);
            if (next is not { } further)
            {
                // What can't be read at all is passed over as a whole.
                var begin = rows.Count > 0 ? rows[^1].Position + Math.Max(1, rows[^1].Count) : from;
                further = UnreadablePages.FindBehind(connection, begin, last);
                pending.Add($"positions {begin} to {further - 1}: a page of the database is damaged");
                chain.Skip(further);
            }

            from = further;
            Flush(found);
            progress(Math.Min(from - 1, last), last);
        }
    }

    private void Add(VerifiedRow row, string? forged, ChainCheck chain)
    {
        segments++;
        messages += row.Count;
        erased += row.Erased ? 1ul : 0;
        if (forged is not null)
            pending.Add($"position {row.Position}: {forged}");
        chain.Add(row);
    }

    /// <returns>Where the next page begins; null where a page of the database is none.</returns>
    private static ulong? TryReadPage(StoreConnection connection, ulong from, ulong last, List<VerifiedRow> rows)
    {
        try
        {
            using var row = connection.Bind(
                $"SELECT {SegmentRow.Columns}, s.log FROM segment s WHERE position >= $1 AND position <= $2 ORDER BY position LIMIT $3",
                (long)from, (long)last, (long)RowsPerPage).ExecuteReader();
            while (row.Read())
            {
                var header = SegmentRow.ReadHeader(row);
                var body = header is null ? null : SegmentRow.ReadBody(row, header);
                rows.Add(new VerifiedRow(
                    SegmentRow.ReadPosition(row), row.GetValue(6) is long log ? log : 0, Math.Min(SegmentRow.ReadUnsigned(row, 2), LogLimits.EntryCount),
                    header, SegmentRow.ReadHead(row), body is not null, body is { Erased: true }));
            }

            return rows.Count == RowsPerPage ? rows[^1].Position + Math.Max(1, rows[^1].Count) : last + 1;
        }
        catch (SqliteException damaged) when (damaged.SqliteErrorCode == raw.SQLITE_CORRUPT)
        {
            return null;
        }
    }

    private void CheckStructure(StoreConnection connection)
    {
        using var row = connection.Bind($"PRAGMA integrity_check({StructureFaults})").ExecuteReader();
        while (row.Read())
            if (row.GetString(0) is var line and not "ok")
                pending.Add($"structure: {line.ReplaceLineEndings(" ")}");
    }

    private void Flush(Action<string> found)
    {
        faults += (ulong)pending.Count;
        foreach (var fault in pending)
            found(fault);
        pending.Clear();
    }
}
