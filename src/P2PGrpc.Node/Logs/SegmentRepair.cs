using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Puts a segment that was fetched again in the place of the damaged one. Writer thread only.</summary>
internal static class SegmentRepair
{
    /// <summary>Replaces the row, if it is damaged and the segment belongs there by all that is readable around it.</summary>
    /// <param name="connection">The writer's, with a transaction open.</param>
    /// <param name="logs">The logs as the writer sees them.</param>
    /// <param name="header">A verified header.</param>
    /// <param name="body">The body that it names.</param>
    /// <returns>The position; null if nothing changed.</returns>
    public static ulong? TryReplace(StoreConnection connection, LogTable logs, SegmentHeader header, ReadOnlyMemory<byte> body)
    {
        if (logs.Find(header.LogId) is not { } log || FindDamaged(connection, log, header) is not { } position || !Fits(connection, log, position, header))
            return null;
        connection.Execute(
            "UPDATE segment SET count = $2, hash = $3, header = $4, body = $5 WHERE position = $1",
            (long)position, (long)header.Count, header.Hash.ToArray(), SegmentRow.Encode(header), SegmentRow.ToArray(body));
        return position;
    }

    /// <summary>The position of the damaged row at the header's place; null if there is none, or it is known to hold another segment.</summary>
    private static ulong? FindDamaged(StoreConnection connection, StoredLog log, SegmentHeader header)
    {
        using var row = connection.Bind(
            $"SELECT {SegmentRow.Columns} FROM segment s WHERE log = $1 AND first_sequence = $2", log.Id, (long)header.FirstSequence).ExecuteReader();
        if (!row.Read())
            return null;
        var stored = SegmentRow.ReadHeader(row);
        if (stored is null)
            return SegmentRow.ReadPosition(row);
        return stored.Hash == header.Hash && SegmentRow.ReadBody(row, stored) is null ? SegmentRow.ReadPosition(row) : null;
    }

    private static bool Fits(StoreConnection connection, StoredLog log, ulong position, SegmentHeader header)
    {
        var behind = connection.ReadScalar("SELECT position FROM segment WHERE position > $1 ORDER BY position LIMIT 1", (long)position);
        if (behind is long next && position + (ulong)header.Count != (ulong)next)
            return false;
        if (DamagedPlace.FindBefore(connection, log.LogId, log.Id, header.FirstSequence) != header.After)
            return false;
        using var row = connection.Bind(
            $"SELECT {SegmentRow.HeaderColumns} FROM segment s WHERE log = $1 AND first_sequence > $2 ORDER BY first_sequence LIMIT 1",
            log.Id, (long)header.FirstSequence).ExecuteReader();

        // Without a readable successor, the head that the log is known by must be the segment's own.
        if (!row.Read())
            return log.Head == header.Head;
        if (SegmentRow.ReadHeader(row) is { } successor)
            return successor.After == header.Head;

        // Where the successor is unreadable too, the damaged row's own hash is the witness that is left: a forking author could send another segment.
        return connection.ReadScalar("SELECT hash FROM segment WHERE position = $1", (long)position) is byte[] hash
            && hash.AsSpan().SequenceEqual(header.Hash.ToArray());
    }
}
