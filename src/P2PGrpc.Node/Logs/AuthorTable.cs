using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Who wrote in a conversation, and how much of it is held.</summary>
internal static class AuthorTable
{
    public static IReadOnlyList<(PeerId Author, ulong Messages)> Read(StoreConnection connection, ConversationId conversation, ulong through)
    {
        using var row = connection.Bind(
            """
            SELECT l.author, sum(s.first_sequence + s.count - 1) FROM log l
            JOIN segment s ON s.position = (SELECT position FROM segment WHERE log = l.id AND position <= $2 ORDER BY first_sequence DESC LIMIT 1)
            WHERE l.conversation = $1 GROUP BY l.author ORDER BY l.author
            """,
            conversation.Value.ToArray(), (long)through).ExecuteReader();
        var authors = new List<(PeerId, ulong)>();
        while (row.Read())
            if (SegmentRow.ReadBytes32(row, 0) is { } author)
                authors.Add((new PeerId(author), SegmentRow.ReadUnsigned(row, 1)));
        return authors;
    }
}
