using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>A log as the writer knows it, within the transaction that is open.</summary>
internal sealed class StoredLog(long id, LogId logId, Head head, bool frozen)
{
    public long Id { get; } = id;

    public LogId LogId { get; } = logId;

    public Head Head { get; set; } = head;

    public bool Frozen { get; set; } = frozen;
}

/// <summary>The logs and segments as the writer sees them. After a transaction that failed it must <see cref="Forget"/>. Writer thread only.</summary>
internal sealed class LogTable(StoreConnection connection, int rememberedLogs)
{
    /// <summary>Where the end of the feed is looked for beside its table, each time: the logs that were begun last, of which one was most likely the last written.</summary>
    private const long NewestLogs = 256;

    private readonly Dictionary<LogId, StoredLog> logs = [];
    private ulong nextPosition;

    /// <summary>The position that the next entry gets.</summary>
    public ulong NextPosition
    {
        get
        {
            if (nextPosition == 0)
                nextPosition = ReadLastPosition(connection) + 1;
            return nextPosition;
        }
    }

    /// <summary>The position of the last entry in the database, 0 if it is empty.</summary>
    public static ulong ReadLastPosition(StoreConnection connection)
    {
        using (var row = connection.Bind("SELECT position, count FROM segment ORDER BY position DESC LIMIT 1").ExecuteReader())
        {
            if (!row.Read())
                return 0;
            if (SegmentRow.ReadPosition(row) is var position and > 0 && SegmentRow.ReadUnsigned(row, 1) is var count and > 0 and <= LogLimits.EntryCount
                && ReadLastIndexed(connection, NewestLogs) <= position)
                return position + count - 1;
        }

        // The last row is damaged, perhaps its position, too, or can't be reached. A segment has so many entries at most: what follows must not take a
        // place that is taken.
        return ReadLastIndexed(connection, long.MaxValue) + LogLimits.EntryCount - 1;
    }

    /// <summary>The last position by the index of logs, which holds each once more. A flipped bit that hides the end of the feed does not hide it there.</summary>
    private static ulong ReadLastIndexed(StoreConnection connection, long newestLogs) => connection.ReadScalar(
        """
        SELECT max(last) FROM (
            SELECT (SELECT position FROM segment WHERE log = log.id ORDER BY first_sequence DESC LIMIT 1) AS last FROM log ORDER BY id DESC LIMIT $1)
        """,
        newestLogs) is long last ? (ulong)last : 0;

    public StoredLog? Find(LogId logId)
    {
        if (logs.TryGetValue(logId, out var known))
            return known;
        using var row = connection.Bind(
            $"""
            SELECT l.id, l.frozen, {SegmentRow.HeaderColumns} FROM log l
            LEFT JOIN segment s ON s.position = (SELECT position FROM segment WHERE log = l.id ORDER BY first_sequence DESC LIMIT 1)
            WHERE l.log_id = $1
            """,
            logId.Value.ToArray()).ExecuteReader();
        if (!row.Read())
            return null;
        Head? head = row.IsDBNull(2) ? logId.Empty : SegmentRow.ReadHead(row, 2);

        // Where the end of a log is unreadable, nothing can follow it: it counts as frozen.
        return Remember(new StoredLog(row.GetInt64(0), logId, head ?? logId.Empty, head is null || row.GetInt64(1) != 0));
    }

    /// <summary>The log, with a row made for it if it has none.</summary>
    public StoredLog Require(LogKey key, LogId logId)
    {
        if (Find(logId) is { } known)
            return known;
        var id = (long)connection.ReadScalar(
            "INSERT INTO log (log_id, conversation, author, epoch) VALUES ($1, $2, $3, $4) RETURNING id",
            logId.Value.ToArray(), key.Conversation.Value.ToArray(), key.Author.ToArray(), unchecked((long)key.Epoch))!;
        return Remember(new StoredLog(id, logId, logId.Empty, frozen: false));
    }

    /// <summary>Writes a segment that follows the log's head. Without a body it is one that was erased elsewhere.</summary>
    /// <returns>The position of its first entry.</returns>
    public ulong Insert(StoredLog log, SegmentHeader header, ReadOnlyMemory<byte>? body)
    {
        var position = NextPosition;
        connection.Execute(
            "INSERT INTO segment (position, log, first_sequence, count, hash, header, body) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            (long)position, log.Id, (long)header.FirstSequence, (long)header.Count,
            header.Hash.ToArray(), SegmentRow.Encode(header), body is { } bytes ? SegmentRow.ToArray(bytes) : (object)StoredBody.MakeMark(header));
        nextPosition = position + (ulong)header.Count;
        log.Head = header.Head;
        return position;
    }

    /// <summary>The last log that the author appended to in a conversation, and its head; null if there is none.</summary>
    public (ulong Epoch, Head Head)? FindLatest(ConversationId conversation, PeerId author)
    {
        using var row = connection.Bind(
            $"""
            SELECT l.epoch, {SegmentRow.HeaderColumns} FROM log l
            JOIN segment s ON s.position = (SELECT position FROM segment WHERE log = l.id ORDER BY first_sequence DESC LIMIT 1)
            WHERE l.conversation = $1 AND l.author = $2 ORDER BY s.position DESC LIMIT 1
            """,
            conversation.Value.ToArray(), author.ToArray()).ExecuteReader();
        return row.Read() && SegmentRow.ReadHead(row, 1) is { } head ? (SegmentRow.ReadUnsigned(row, 0), head) : null;
    }

    /// <summary>Drops all that was remembered: what is on disk counts.</summary>
    public void Forget()
    {
        logs.Clear();
        nextPosition = 0;
    }

    /// <summary>Keeps memory bounded. Between transactions only: within one, somebody may hold an entry.</summary>
    public void Trim()
    {
        if (logs.Count > rememberedLogs)
            logs.Clear();
    }

    private StoredLog Remember(StoredLog log)
    {
        logs[log.LogId] = log;
        return log;
    }
}
