using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using SQLitePCL;

namespace P2PGrpc.Node.Logs;

/// <summary>Reads logs for the replicator, verified, and never beyond what may be seen. Thread-safe.</summary>
internal sealed class SegmentReader(ReaderPool readers, RecentSegments recent, FeedHead feedHead, DamageReport damage)
{
    /// <summary>Erased segments that are looked at to find the end of a stretch: who is told of it asks again where it was not found.</summary>
    private const int ErasedLook = 16_384;

    /// <summary>The segments right after a head, as many as weigh at most this much together. Reading stops before an erased one that ends after
    /// <paramref name="erasedThrough"/>.</summary>
    public LoadResult Load(LogId logId, Head after, long maxWeight, ulong erasedThrough) => recent.Load(logId, after, maxWeight) ?? readers.Read<LoadResult>(connection =>
    {
        try
        {
            if (connection.ReadScalar("SELECT id FROM log WHERE log_id = $1", logId.Value.ToArray()) is not long log)
                return new LoadResult.Segments([]);
            var last = (long)feedHead.Last;
            return FindObstacle(connection, log, logId, after, last) ?? Read(connection, log, logId, after, last, maxWeight, erasedThrough);
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == raw.SQLITE_CORRUPT)
        {
            damage.Report(0);
            return new LoadResult.Damaged();
        }
    });

    /// <summary>The heads of a conversation's logs in order of LogId. Next is the last of them if there are more.</summary>
    public ReplicatorInput.HeadsLoaded LoadHeads(ConversationId conversation, LogId? after, int count) => readers.Read(connection =>
    {
        try
        {
            return ReadHeads(connection, conversation, after, count);
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == raw.SQLITE_CORRUPT)
        {
            damage.Report(0);
            throw;
        }
    });

    private ReplicatorInput.HeadsLoaded ReadHeads(StoreConnection connection, ConversationId conversation, LogId? after, int count)
    {
        var heads = new List<StoredHead>();
        LogId? seen = null;
        using var row = connection.Bind(
            $"""
            SELECT l.log_id, l.author, l.epoch, l.frozen, {SegmentRow.HeaderColumns} FROM log l
            LEFT JOIN segment s ON s.position =
                (SELECT position FROM segment WHERE log = l.id AND position <= $4 ORDER BY first_sequence DESC LIMIT 1)
            WHERE l.conversation = $1 AND l.log_id > $2 ORDER BY l.log_id LIMIT $3
            """,
            conversation.Value.ToArray(), after?.Value.ToArray() ?? [], count + 1L, (long)feedHead.Last).ExecuteReader();
        for (var rows = 0; row.Read(); rows++)
        {
            if (rows == count)
                return new ReplicatorInput.HeadsLoaded(conversation, heads, seen);
            if (SegmentRow.ReadBytes32(row, 0) is not { } logId)
                continue;
            seen = new LogId(logId);
            if (ReadHead(row, conversation, new LogId(logId)) is { } head)
                heads.Add(head.Frozen ? head with { Proof = ForkTable.ReadProof(connection, head.LogId) } : head);
        }

        return new ReplicatorInput.HeadsLoaded(conversation, heads, null);
    }

    private StoredHead? ReadHead(SqliteDataReader row, ConversationId conversation, LogId logId)
    {
        var frozen = SegmentRow.ReadUnsigned(row, 3) != 0;
        var position = SegmentRow.ReadPosition(row, 4);
        if (position == 0 && !frozen)
            return null;
        if (SegmentRow.ReadBytes32(row, 1) is not { } author
            || new LogKey(conversation, new PeerId(author), SegmentRow.ReadUnsigned(row, 2)) is var key && key.ToLogId() != logId)
        {
            damage.Report(position);
            return null;
        }

        if (position == 0)
            return new StoredHead(key, logId, logId.Empty, 0, frozen);
        if (SegmentRow.ReadHead(row, 4) is { } head)
            return new StoredHead(key, logId, head, position + SegmentRow.ReadUnsigned(row, 6) - 1, frozen);

        // Nothing can follow an end that is unreadable.
        damage.Report(position);
        return new StoredHead(key, logId, logId.Empty, 0, Frozen: true);
    }

    /// <summary>Why nothing can be read right after a head; null if it is a boundary here.</summary>
    private LoadResult? FindObstacle(StoreConnection connection, long log, LogId logId, Head after, long last)
    {
        if (after == logId.Empty)
            return null;
        using var row = connection.Bind(
            $"""
            SELECT {SegmentRow.HeaderColumns} FROM segment s
            WHERE log = $1 AND first_sequence <= $2 AND position <= $3 ORDER BY first_sequence DESC LIMIT 1
            """,
            log, (long)Math.Min(Math.Max(after.Sequence, 1), LogLimits.Sequence), last).ExecuteReader();
        if (!row.Read())
            return new LoadResult.Segments([]);
        if (SegmentRow.ReadHead(row) == after)
            return null;
        if (SegmentRow.ReadHeader(row) is { } header && header.LogId == logId)
            return new LoadResult.NoSuchBoundary(header);
        damage.Report(connection, SegmentRow.ReadPosition(row));
        return new LoadResult.Damaged();
    }

    private LoadResult Read(StoreConnection connection, long log, LogId logId, Head after, long last, long maxWeight, ulong erasedThrough)
    {
        var held = new List<HeldSegment>();
        var weight = 0L;
        using var row = connection.Bind(
            $"""
            SELECT {SegmentRow.Columns} FROM segment s
            WHERE log = $1 AND first_sequence > $2 AND position <= $3 ORDER BY first_sequence
            """,
            log, (long)after.Sequence, last).ExecuteReader();
        while (row.Read())
        {
            var header = SegmentRow.ReadHeader(row);
            weight += header is null ? 0 : SegmentRow.Weigh(row, header);
            if (weight > maxWeight)
                break;
            if (header is null || header.LogId != logId || header.After != after || SegmentRow.ReadBody(row, header) is not { } body)
            {
                damage.Report(connection, SegmentRow.ReadPosition(row));
                return held.Count > 0 ? new LoadResult.Segments(held) : new LoadResult.Damaged();
            }

            if (body.Erased && header.LastSequence > erasedThrough)
                return held.Count > 0 ? new LoadResult.Segments(held) : new LoadResult.Pruned(FindErased(connection, log, header, last));
            held.Add(new HeldSegment(header, body.ToHandle()));
            after = header.Head;
        }

        return new LoadResult.Segments(held);
    }

    /// <summary>How far the neighbours of an erased segment are erased, too, at least.</summary>
    private static ErasedStretch FindErased(StoreConnection connection, long log, SegmentHeader erased, long last)
    {
        var heldFrom = erased.LastSequence + 1;
        using var row = connection.Bind(
            """
            SELECT first_sequence, count, typeof(body) = 'integer' FROM segment
            WHERE log = $1 AND first_sequence > $2 AND position <= $3 ORDER BY first_sequence LIMIT $4
            """,
            log, (long)erased.LastSequence, last, (long)ErasedLook).ExecuteReader();
        while (row.Read() && SegmentRow.ReadUnsigned(row, 0) == heldFrom && SegmentRow.ReadUnsigned(row, 2) != 0)
            heldFrom += SegmentRow.ReadUnsigned(row, 1);
        return new ErasedStretch(erased.FirstSequence, heldFrom);
    }
}
