using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.History;

/// <summary>A conversation in the index.</summary>
internal sealed record IndexedConversation(long Number, ConversationId Conversation, ulong Messages, ulong LastPosition);

/// <summary>Where a message stands in its conversation, and in the feed.</summary>
internal readonly record struct PlacedMessage(HistoryPlace Place, ulong Position);

/// <summary>Reads of the history's index, on a connection of its reader's. All of them are bounded by what is asked for, however much is held.</summary>
internal static class HistoryReader
{
    private const string PlaceColumns = "clock, author, epoch, sequence, log";

    public static IndexedConversation? FindConversation(StoreConnection connection, ConversationId conversation)
    {
        using var row = connection.Bind(
            "SELECT number, conversation, messages, last_position FROM conversation WHERE conversation = $1", conversation.Value.ToArray()).ExecuteReader();
        return row.Read() ? ReadConversation(row) : null;
    }

    /// <summary>Those in which something arrived last, before a position.</summary>
    public static List<IndexedConversation> ListConversations(StoreConnection connection, ulong before, int count)
    {
        using var row = connection.Bind(
            "SELECT number, conversation, messages, last_position FROM conversation WHERE last_position < $1 ORDER BY last_position DESC LIMIT $2",
            (long)Math.Min(before, long.MaxValue), (long)count).ExecuteReader();
        var conversations = new List<IndexedConversation>();
        while (row.Read())
            if (ReadConversation(row) is { } conversation)
                conversations.Add(conversation);
        return conversations;
    }

    public static long? FindAuthor(StoreConnection connection, PeerId author) =>
        connection.ReadScalar("SELECT number FROM author WHERE author = $1", author.ToArray()) as long?;

    /// <summary>Messages of others that arrived behind a position.</summary>
    public static ulong CountUnread(StoreConnection connection, long conversation, ulong readThrough)
    {
        // What was erased can't be read any more. Of what was spared none is of others: only what this node wrote ever is.
        var erased = connection.ReadScalar("SELECT position FROM erased WHERE conversation = $1", conversation) as long? ?? 0;
        var others = connection.ReadScalar("SELECT others FROM conversation WHERE number = $1", conversation) as long? ?? 0;
        var read = connection.ReadScalar(
            """
            SELECT others_before + min(others, $2 - position + 1) FROM segment
            WHERE conversation = $1 AND position <= $2 ORDER BY position DESC LIMIT 1
            """,
            conversation, Math.Max((long)readThrough, erased)) as long? ?? 0;
        return (ulong)Math.Max(0, others - read);
    }

    /// <summary>Messages in the order of their conversation, those next to a place first.</summary>
    /// <param name="connection">The index.</param>
    /// <param name="conversation">Its number.</param>
    /// <param name="place">The place, which is left out itself.</param>
    /// <param name="older">True for those before it, false for those behind it.</param>
    /// <param name="count">How many, at most.</param>
    public static List<PlacedMessage> ListByTime(StoreConnection connection, long conversation, HistoryPlace place, bool older, int count)
    {
        var direction = older ? "DESC" : "ASC";
        using var row = connection.Bind(
            $"""
            SELECT {PlaceColumns}, position FROM entry WHERE conversation = $1 AND ({PlaceColumns}) {(older ? "<" : ">")} ($2, $3, $4, $5, $6)
            ORDER BY clock {direction}, author {direction}, epoch {direction}, sequence {direction}, log {direction} LIMIT $7
            """,
            conversation, HistoryPlace.ToColumn(place.Clock), HistoryPlace.ToColumn(place.Author), HistoryPlace.ToColumn(place.Epoch),
            HistoryPlace.ToColumn(place.Sequence), HistoryPlace.ToColumn(place.Log), (long)count).ExecuteReader();
        var messages = new List<PlacedMessage>();
        while (row.Read())
            messages.Add(new PlacedMessage(
                new HistoryPlace(ReadOrdered(row, 0), ReadOrdered(row, 1), ReadOrdered(row, 2), ReadOrdered(row, 3), ReadOrdered(row, 4)),
                SegmentRow.ReadUnsigned(row, 5)));
        return messages;
    }

    /// <summary>Positions of an author's messages in the order of arrival, those next to a position first, which is left out itself.</summary>
    public static List<ulong> ListByAuthor(StoreConnection connection, long conversation, long author, ulong position, bool older, int count)
    {
        // The segment that holds the position reaches to both sides of it.
        using var row = connection.Bind(
            older
                ? """
                SELECT position, count FROM segment WHERE conversation = $1 AND author = $2 AND position < $3 AND (messages > 0 OR erased = 1)
                ORDER BY position DESC LIMIT $4
                """
                : """
                SELECT position, count FROM segment WHERE conversation = $1 AND author = $2 AND position >= ifnull(
                    (SELECT position FROM segment WHERE conversation = $1 AND author = $2 AND position <= $3 ORDER BY position DESC LIMIT 1), 0)
                    AND (messages > 0 OR erased = 1)
                ORDER BY position LIMIT $4
                """,
            conversation, author, (long)Math.Min(position, long.MaxValue), (long)count + 1).ExecuteReader();
        var positions = new List<ulong>();
        while (row.Read() && positions.Count < count)
        {
            var first = SegmentRow.ReadUnsigned(row, 0);
            var held = Enumerable.Range(0, (int)SegmentRow.ReadUnsigned(row, 1)).Select(index => first + (ulong)index);
            positions.AddRange((older ? held.Reverse().Where(each => each < position) : held.Where(each => each > position)).Take(count - positions.Count));
        }

        return positions;
    }

    /// <summary>Where segments of a conversation begin in the feed, before a position, the last to arrive first.</summary>
    public static List<ulong> ListSegments(StoreConnection connection, long conversation, ulong before, int count)
    {
        using var row = connection.Bind(
            "SELECT position FROM segment WHERE conversation = $1 AND position < $2 ORDER BY position DESC LIMIT $3",
            conversation, (long)Math.Min(before, long.MaxValue), (long)count).ExecuteReader();
        return ReadPositions(row);
    }

    /// <summary>Positions of the messages that fit an expression, the last to arrive first, before a position.</summary>
    public static List<ulong> Search(StoreConnection connection, string expression, ulong before, int count)
    {
        using var row = connection.Bind(
            "SELECT rowid FROM search WHERE search MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3",
            expression, (long)Math.Min(before, long.MaxValue), (long)count).ExecuteReader();
        return ReadPositions(row);
    }

    private static List<ulong> ReadPositions(SqliteDataReader row)
    {
        var positions = new List<ulong>();
        while (row.Read())
            positions.Add(SegmentRow.ReadUnsigned(row, 0));
        return positions;
    }

    private static ulong ReadOrdered(SqliteDataReader row, int column) => row.GetValue(column) is long value ? HistoryPlace.FromColumn(value) : 0;

    private static IndexedConversation? ReadConversation(SqliteDataReader row) => SegmentRow.ReadBytes32(row, 1) is { } id
        ? new IndexedConversation(row.GetInt64(0), new ConversationId(id), SegmentRow.ReadUnsigned(row, 2), SegmentRow.ReadUnsigned(row, 3))
        : null;
}
