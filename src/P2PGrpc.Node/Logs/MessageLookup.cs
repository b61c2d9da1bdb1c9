using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Where a message lies.</summary>
/// <param name="Log">Its log.</param>
/// <param name="FirstPosition">The position of the first entry of its segment.</param>
/// <param name="FirstSequence">The sequence of that.</param>
/// <param name="Frozen">A fork of the log was proved.</param>
internal sealed record MessagePlace(LogKey Log, ulong FirstPosition, ulong FirstSequence, bool Frozen);

/// <summary>Finds messages by what people have of them.</summary>
internal static class MessageLookup
{
    /// <summary>The message that a text names: a reference, or a message_id of the last days; null if it is neither.</summary>
    public static MessageReference? Parse(LogStore store, string text) => MessageReference.TryParse(text, out var reference)
        ? reference
        : store.Query(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT l.log_id, m.sequence FROM message_id m JOIN log l ON l.id = m.log WHERE m.message_id = $1";
            command.Parameters.AddWithValue("$1", text);
            using var row = command.ExecuteReader();
            return row.Read() && SegmentRow.ReadBytes32(row, 0) is { } log ? new MessageReference(new LogId(log), SegmentRow.ReadUnsigned(row, 1)) : (MessageReference?)null;
        });

    /// <summary>Null if this node does not hold it.</summary>
    public static MessagePlace? Find(LogStore store, MessageReference message)
    {
        var last = store.LastPosition;
        return store.Query(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = """
                SELECT l.conversation, l.author, l.epoch, l.frozen, s.position, s.first_sequence, s.count FROM log l
                JOIN segment s ON s.log = l.id AND s.first_sequence <= $2
                WHERE l.log_id = $1 ORDER BY s.first_sequence DESC LIMIT 1
                """;
            command.Parameters.AddWithValue("$1", message.Log.Value.ToArray());
            command.Parameters.AddWithValue("$2", (long)Math.Min(message.Sequence, LogLimits.Sequence));
            using var row = command.ExecuteReader();
            if (!row.Read() || SegmentRow.ReadBytes32(row, 0) is not { } conversation || SegmentRow.ReadBytes32(row, 1) is not { } author)
                return null;
            var (position, first, count) = (SegmentRow.ReadUnsigned(row, 4), SegmentRow.ReadUnsigned(row, 5), SegmentRow.ReadUnsigned(row, 6));
            return message.Sequence < first + count && position <= last
                ? new MessagePlace(
                    new LogKey(new ConversationId(conversation), new PeerId(author), SegmentRow.ReadUnsigned(row, 2)), position, first, SegmentRow.ReadUnsigned(row, 3) != 0)
                : null;
        });
    }
}
