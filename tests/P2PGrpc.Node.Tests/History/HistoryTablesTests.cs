using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.History;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.History;

/// <summary>What the index counts, whatever order segments come in and whatever their authors put in them.</summary>
public sealed class HistoryTablesTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("p2pgrpc-index-");
    private readonly IdentityKey self = StoreFixture.MakeKey(1);
    private readonly IdentityKey author = StoreFixture.MakeKey(2);
    private readonly LogKey log;
    private readonly StoreConnection connection;
    private readonly HistoryTables tables;
    private Head head;

    public HistoryTablesTests()
    {
        log = new LogKey(ConversationId.Direct(self.PeerId, author.PeerId), author.PeerId, 7);
        head = log.ToLogId().Empty;
        connection = HistorySchema.Open(Path.Combine(directory.FullName, "history.db"));
        tables = new HistoryTables(connection, self.PeerId);
    }

    private IndexedConversation Conversation => HistoryReader.FindConversation(connection, log.Conversation)!;

    public void Dispose()
    {
        connection.Dispose();
        self.Dispose();
        author.Dispose();
        directory.Delete(recursive: true);
    }

    /// <summary>V1: an author may sign thousands of entries in a few hundred bytes.</summary>
    [Fact]
    public void V1_What_can_not_be_read_counts_for_nothing()
    {
        var body = new SegmentBodyBuilder().Build();
        var header = SegmentHeader.Sign(author, log, head, LogLimits.EntryCount, body, []);
        tables.Add(new FeedSegment(1, header, new SegmentBytes(body).Body));
        Assert.Equal(0ul, Conversation.Messages);
        Assert.Equal(0ul, Unread(readThrough: 0));
        Assert.Empty(ListByAuthor(from: ulong.MaxValue, older: true));
        Assert.Empty(ListByAuthor(from: 0, older: false));
    }

    [Fact]
    public void Segments_that_come_late_are_counted_before_those_behind_them()
    {
        var segments = new List<FeedSegment>();
        for (var position = 1ul; segments.Count < 10; position += 2)
            segments.Add(Next(position));
        foreach (var segment in segments.Where((_, index) => index is not (3 or 4 or 5)))
            tables.Add(segment);
        foreach (var segment in segments[3..6])
            tables.Add(segment);
        tables.CountLate(segments[5].LastPosition);
        Assert.Equal(20ul, Conversation.Messages);
        for (var read = 0ul; read <= 20; read++)
            Assert.Equal(20 - read, Unread(read));
    }

    [Fact]
    public void What_was_erased_stands_behind_what_its_author_wrote_before_it()
    {
        tables.Add(Next(1));
        tables.Add(Next(3) with { Body = default, Erased = true });
        tables.Add(Next(5));
        Assert.Equal(4ul, Conversation.Messages);
        var places = HistoryReader.ListByTime(connection, Conversation.Number, HistoryPlace.Beginning, older: false, 10);
        Assert.Equal([1ul, 2, 3, 4, 5, 6], places.Select(message => message.Position));
        Assert.Equal([1ul, 2, 3, 4, 5, 6], ListByAuthor(from: 0, older: false));
    }

    private FeedSegment Next(ulong position)
    {
        var (header, body) = StoreFixture.MakeSegment(author, log, head, "one", "two");
        head = header.Head;
        return new FeedSegment(position, header, body.Body);
    }

    private ulong Unread(ulong readThrough) => HistoryReader.CountUnread(connection, Conversation.Number, readThrough);

    private List<ulong> ListByAuthor(ulong from, bool older) => HistoryReader.ListByAuthor(
        connection, Conversation.Number, HistoryReader.FindAuthor(connection, author.PeerId)!.Value, from, older, 100);
}
