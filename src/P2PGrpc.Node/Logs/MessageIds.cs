using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>What a message_id was used for.</summary>
internal readonly record struct KnownMessage(ConversationId Conversation, Bytes32 ContentHash, MessageReference Reference);

/// <summary>The idempotency keys of the last days. Writer thread only, inside its transaction. Their age is counted in the time that the node has been
/// running: a wall clock that jumps must not make a retry a second message.</summary>
internal sealed class MessageIds(StoreConnection connection, RunningTime runningTime, TimeSpan lifetime)
{
    // Each transaction that adds keys looks at twice as many others, and at least at these, so that old ones go without an index
    // on their time and without a long pause.
    private const int LeastLook = 64;

    private string lookedThrough = "";
    private int added;

    public KnownMessage? Find(string messageId)
    {
        using var row = connection.Bind(
            """
            SELECT m.conversation, m.content_hash, m.sequence, m.at, l.log_id FROM message_id m JOIN log l ON l.id = m.log
            WHERE m.message_id = $1
            """,
            messageId).ExecuteReader();
        if (!row.Read()
            || row.GetInt64(3) < ReadCutoff()
            || SegmentRow.ReadBytes32(row, 0) is not { } conversation
            || SegmentRow.ReadBytes32(row, 1) is not { } contentHash
            || SegmentRow.ReadBytes32(row, 4) is not { } log)
            return null;
        return new KnownMessage(
            new ConversationId(conversation), contentHash, new MessageReference(new LogId(log), SegmentRow.ReadUnsigned(row, 2)));
    }

    /// <summary>Notes a key, in place of one that is too old to count.</summary>
    public void Add(string messageId, ConversationId conversation, Bytes32 contentHash, StoredLog log, ulong sequence)
    {
        connection.Execute(
            "INSERT OR REPLACE INTO message_id (message_id, conversation, content_hash, log, sequence, at) VALUES ($1, $2, $3, $4, $5, $6)",
            messageId, conversation.Value.ToArray(), contentHash.ToArray(), log.Id, (long)sequence, runningTime.Read());
        added++;
    }

    /// <summary>Keeps the time, and deletes old keys among the next ones in their order, if keys were added.</summary>
    public void Prune()
    {
        if (added == 0)
            return;
        runningTime.Keep();
        var look = Math.Max(LeastLook, 2 * added);
        added = 0;
        var end = connection.ReadScalar(
            "SELECT message_id FROM message_id WHERE message_id > $1 ORDER BY message_id LIMIT 1 OFFSET $2",
            lookedThrough, (long)look - 1) as string;
        if (end is null)
            connection.Execute("DELETE FROM message_id WHERE message_id > $1 AND at < $2", lookedThrough, ReadCutoff());
        else
            connection.Execute(
                "DELETE FROM message_id WHERE message_id > $1 AND message_id <= $2 AND at < $3", lookedThrough, end, ReadCutoff());
        lookedThrough = end ?? "";
    }

    private long ReadCutoff() => runningTime.Read() - (long)lifetime.TotalMilliseconds;
}
