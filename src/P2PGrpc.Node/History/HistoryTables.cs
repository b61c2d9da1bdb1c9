using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.History;

/// <summary>Writes what the feed holds into the index, within the transaction that is open. Adding a segment again changes nothing. Not thread-safe.</summary>
internal sealed class HistoryTables(StoreConnection connection, PeerId self)
{
    private readonly Dictionary<ConversationId, long> conversations = [];
    private readonly Dictionary<PeerId, long> authors = [];

    // Messages of others that were added before some that were counted already, by conversation.
    private readonly Dictionary<long, long> late = [];

    /// <summary>How far the feed is indexed.</summary>
    public FeedCursor ReadProgress()
    {
        using var row = connection.Bind("SELECT position, check_value FROM progress").ExecuteReader();
        return row.Read() ? new FeedCursor(SegmentRow.ReadUnsigned(row, 0), SegmentRow.ReadUnsigned(row, 1)) : default;
    }

    public void WriteProgress(FeedCursor cursor) =>
        connection.Execute("UPDATE progress SET position = $1, check_value = $2", (long)cursor.Position, unchecked((long)cursor.Check));

    public void Add(FeedSegment segment)
    {
        var header = segment.Header;
        var conversation = GetConversation(header.Log.Conversation);
        if (connection.ReadScalar("SELECT 1 FROM segment WHERE conversation = $1 AND position = $2", conversation, (long)segment.FirstPosition) is not null)
            return;
        var author = GetAuthor(header.Log.Author);
        var entries = segment.Erased ? [] : SegmentBodyReader.Read(header, segment.Body);
        var messages = entries.LongCount(entry => entry?.Content is not null);
        var others = header.Log.Author == self ? 0 : messages;
        var before = FindLastClock(conversation, author, segment.FirstPosition);
        connection.Execute(
            """
            INSERT INTO segment (conversation, position, author, count, messages, others, others_before, last_clock, erased)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            conversation, (long)segment.FirstPosition, author, (long)header.Count, messages, others, CountOthersBefore(conversation, segment.FirstPosition),
            HistoryPlace.ToColumn(entries.Aggregate(before, (last, entry) => Math.Max(last, entry?.Clock ?? 0))), segment.Erased ? 1L : 0L);
        CountIn(conversation, segment, messages, others);
        if (segment.Erased)
            AddErased(conversation, segment, before);
        var place = $"{SearchQuery.ConversationWord(conversation)} {SearchQuery.AuthorWord(author)}";
        for (var index = 0; index < entries.Length; index++)
            if (entries[index] is { Content: { } content } entry)
                Add(conversation, HistoryPlace.Of(header, index, entry.Clock), (long)segment.FirstPosition + index, content.Text, place);
    }

    /// <summary>After segments of one stretch were added late: counts them for those behind it, all at once, since a long conversation has many.</summary>
    /// <param name="last">The position that the stretch ends with.</param>
    public void CountLate(ulong last)
    {
        foreach (var (conversation, others) in late)
            connection.Execute("UPDATE segment SET others_before = others_before + $3 WHERE conversation = $1 AND position > $2", conversation, (long)last, others);
        late.Clear();
    }

    /// <summary>Notes a stretch of the feed that can't be read now.</summary>
    public void AddMissing(DamagedSegment damaged) => connection.Execute(
        "INSERT OR REPLACE INTO missing (first_position, last_position) VALUES ($1, $2)", (long)damaged.FirstPosition, (long)damaged.LastPosition);

    /// <summary>Stretches that could not be read, the oldest first.</summary>
    public List<(ulong First, ulong Last)> ReadMissing(int count)
    {
        using var row = connection.Bind("SELECT first_position, last_position FROM missing ORDER BY first_position LIMIT $1", (long)count).ExecuteReader();
        var missing = new List<(ulong, ulong)>();
        while (row.Read())
            missing.Add((SegmentRow.ReadUnsigned(row, 0), SegmentRow.ReadUnsigned(row, 1)));
        return missing;
    }

    public void RemoveMissing(ulong first) => connection.Execute("DELETE FROM missing WHERE first_position = $1", (long)first);

    /// <summary>Drops what was remembered: after a transaction that failed, and to keep memory bounded.</summary>
    public void Forget()
    {
        conversations.Clear();
        authors.Clear();
        late.Clear();
    }

    public void Trim()
    {
        if (conversations.Count > HistoryLimits.RememberedNumbers || authors.Count > HistoryLimits.RememberedNumbers)
            Forget();
    }

    private void Add(long conversation, HistoryPlace place, long position, string text, string placeWords)
    {
        connection.Execute(
            "INSERT OR IGNORE INTO entry (conversation, clock, author, epoch, sequence, log, position) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            conversation, HistoryPlace.ToColumn(place.Clock), HistoryPlace.ToColumn(place.Author), HistoryPlace.ToColumn(place.Epoch),
            HistoryPlace.ToColumn(place.Sequence), HistoryPlace.ToColumn(place.Log), position);
        if (text.Length > 0)
            connection.Execute("INSERT INTO search (rowid, text, place) VALUES ($1, $2, $3)", position, text, placeWords);
    }

    /// <summary>Notes where messages stood of which only the header is left.</summary>
    private void AddErased(long conversation, FeedSegment segment, ulong clock)
    {
        for (var index = 0; index < segment.Header.Count; index++)
            Add(conversation, HistoryPlace.Of(segment.Header, index, clock), (long)segment.FirstPosition + index, text: "", placeWords: "");
    }

    private ulong FindLastClock(long conversation, long author, ulong position) => connection.ReadScalar(
        "SELECT last_clock FROM segment WHERE conversation = $1 AND author = $2 AND position < $3 ORDER BY position DESC LIMIT 1",
        conversation, author, (long)position) is long clock ? HistoryPlace.FromColumn(clock) : 0;

    private long CountOthersBefore(long conversation, ulong position) => connection.ReadScalar(
        "SELECT others_before + others FROM segment WHERE conversation = $1 AND position < $2 ORDER BY position DESC LIMIT 1",
        conversation, (long)position) as long? ?? 0;

    /// <summary>Counts a segment. One that was damaged when those after it were indexed comes before them in the counts, too.</summary>
    private void CountIn(long conversation, FeedSegment segment, long messages, long others)
    {
        var isLast = connection.Execute(
            "UPDATE conversation SET messages = messages + $2, others = others + $3, last_position = $4 WHERE number = $1 AND last_position < $4",
            conversation, messages, others, (long)segment.LastPosition) > 0;
        if (isLast)
            return;
        connection.Execute("UPDATE conversation SET messages = messages + $2, others = others + $3 WHERE number = $1", conversation, messages, others);
        if (others > 0)
            late[conversation] = late.GetValueOrDefault(conversation) + others;
    }

    private long GetConversation(ConversationId conversation)
    {
        if (!conversations.TryGetValue(conversation, out var number))
            conversations[conversation] = number = GetNumber(
                "INSERT INTO conversation (conversation, messages, others, last_position) VALUES ($1, 0, 0, 0) ON CONFLICT DO UPDATE SET messages = messages RETURNING number",
                conversation.Value);
        return number;
    }

    private long GetAuthor(PeerId author)
    {
        if (!authors.TryGetValue(author, out var number))
            authors[author] = number = GetNumber(
                "INSERT INTO author (author) VALUES ($1) ON CONFLICT DO UPDATE SET author = author RETURNING number", author.Value);
        return number;
    }

    private long GetNumber(string sql, Bytes32 id) => (long)connection.ReadScalar(sql, id.ToArray())!;
}
