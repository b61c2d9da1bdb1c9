using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace P2PGrpc.Node.Logs;

/// <summary>Reads the feed, verified, and never beyond what may be seen. Thread-safe.</summary>
internal sealed class FeedReader(ReaderPool readers, RecentSegments recent, FeedHead feedHead, DamageReport damage)
{
    /// <summary>The segments after a place. At least one, however heavy, if there is any.</summary>
    public FeedPage Read(ulong after, int maxSegments, long maxWeight)
    {
        var last = feedHead.Last;
        if (after >= last)
            return new FeedPage([], null);
        if (recent.ReadFeed(after, maxSegments, maxWeight) is { } known)
            return known;
        var page = readers.Read(connection => Read(connection, after, last, maxSegments, maxWeight));
        if (page.Segments.Count > 0 && damage.Count > 0)
            damage.OnReadable(after + 1, page.Segments[^1].LastPosition);
        return page;
    }

    /// <summary>The check value of the segment that holds a position; null if there is none, or it can't be read.</summary>
    public ulong? FindCheck(ulong position)
    {
        if (position == 0 || position > feedHead.Last)
            return null;
        return recent.FindCheck(position) ?? readers.Read(connection => FindCheck(connection, position));
    }

    /// <summary>Verifies the last segments, and all after <paramref name="after"/>, and shows each in order.</summary>
    /// <exception cref="IOException">One of them is damaged.</exception>
    public static void Verify(StoreConnection connection, int atLeast, ulong after, Action<FeedSegment> show)
    {
        using var row = connection.Bind(
            $"""
            SELECT {SegmentRow.Columns} FROM segment s
            WHERE position > min($1, ifnull((SELECT position FROM segment ORDER BY position DESC LIMIT 1 OFFSET $2), 0)) ORDER BY position
            """,
            (long)after, (long)atLeast).ExecuteReader();
        while (row.Read())
        {
            var position = SegmentRow.ReadPosition(row);
            if (SegmentRow.ReadHeader(row) is not { } header || SegmentRow.ReadBody(row, header) is not { } body)
                throw new IOException($"The segment at position {position} is damaged.");
            show(new FeedSegment(position, header, body.Bytes, body.Erased));
        }
    }

    private static ulong? FindCheck(StoreConnection connection, ulong position)
    {
        try
        {
            using var row = connection.Bind(
                $"SELECT {SegmentRow.HeaderColumns} FROM segment s WHERE position <= $1 ORDER BY position DESC LIMIT 1", (long)position).ExecuteReader();
            return row.Read() && SegmentRow.ReadHead(row) is { } head && position < SegmentRow.ReadPosition(row) + SegmentRow.ReadUnsigned(row, 2)
                ? head.Hash.Prefix
                : null;
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == raw.SQLITE_CORRUPT)
        {
            // What stands there is told by whoever reads it. Here it only has no check value.
            return null;
        }
    }

    private FeedPage Read(StoreConnection connection, ulong after, ulong last, int maxSegments, long maxWeight)
    {
        var segments = new List<FeedSegment>();
        var from = after + 1;
        try
        {
            using var row = connection.Bind(
                $"""
                SELECT {SegmentRow.Columns} FROM segment s
                WHERE position >= ifnull((SELECT position FROM segment WHERE position <= $1 ORDER BY position DESC LIMIT 1), 0) AND position <= $2
                ORDER BY position LIMIT $3
                """,
                (long)from, (long)last, maxSegments + 1L).ExecuteReader();
            var weight = 0L;
            while (segments.Count < maxSegments)
            {
                if (!row.Read())
                    return from > last ? new FeedPage(segments, null) : StopBefore(connection, segments, from, last + 1);
                var position = SegmentRow.ReadPosition(row);
                var header = SegmentRow.ReadHeader(row);
                if (header is not null && position + (ulong)header.Count <= from)
                    continue;
                if (position > from)
                    return StopBefore(connection, segments, from, position);
                weight += header is null ? 0 : SegmentRow.Weigh(row, header);
                if (weight > maxWeight && segments.Count > 0)
                    break;
                if (header is null || SegmentRow.ReadBody(row, header) is not { } body)
                    return StopAt(connection, segments, position, from, last);
                segments.Add(new FeedSegment(position, header, body.Bytes, body.Erased));
                from = position + (ulong)header.Count;
            }

            return new FeedPage(segments, null);
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == raw.SQLITE_CORRUPT)
        {
            damage.Report(from);
            return new FeedPage(segments, new DamagedSegment(from, UnreadablePages.FindBehind(connection, from, last) - 1, CanBeFetched: false));
        }
    }

    /// <summary>Positions have no gaps: where rows are missing, a page of the database that leads to them is damaged, which SQLite need not notice.</summary>
    private FeedPage StopBefore(StoreConnection connection, List<FeedSegment> segments, ulong from, ulong next)
    {
        // Readers that begin inside the gap must not count it anew.
        var gap = connection.ReadScalar("SELECT position + count FROM segment WHERE position < $1 ORDER BY position DESC LIMIT 1", (long)from);
        damage.Report(gap is long begin and > 0 && (ulong)begin < from ? (ulong)begin : from);
        return new FeedPage(segments, new DamagedSegment(from, next - 1, CanBeFetched: false));
    }

    /// <summary>Stops at a row that can't be read. Its position may be damaged, too: what is named is never behind what was asked for, or who goes on
    /// behind it would never come further.</summary>
    private FeedPage StopAt(StoreConnection connection, List<FeedSegment> segments, ulong position, ulong from, ulong last)
    {
        var canBeFetched = damage.Report(connection, position);
        var first = Math.Max(position, from);
        var next = connection.ReadScalar("SELECT position FROM segment WHERE position > $1 ORDER BY position LIMIT 1", (long)first);
        return new FeedPage(segments, new DamagedSegment(first, next is long begin && (ulong)begin <= last ? (ulong)begin - 1 : last, canBeFetched));
    }
}
