using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

public sealed class RecentSegmentsTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 20)];

    /// <summary>Whatever is asked of a store that keeps its last segments in memory, it answers as one that reads all of it from the disk.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task What_is_read_from_memory_is_what_is_on_disk(int seed)
    {
        var random = new Random(seed);
        await using var fixture = new StoreFixture(options => options with { RecentWeight = random.Next(500, 20_000) });
        using var author = StoreFixture.MakeKey(2);
        LogKey[] logs = [.. Enumerable.Range(0, 3).Select(number => new LogKey(fixture.Conversation, author.PeerId, (ulong)number))];
        var heads = logs.Select(log => new List<Head> { log.ToLogId().Empty }).ToArray();
        for (var count = 0; count < 40; count++)
        {
            var which = random.Next(logs.Length);
            var (header, body) = StoreFixture.MakeSegment(
                author, logs[which], heads[which][^1], [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => new string('x', random.Next(1, 400)))]);
            fixture.Store.Store(header, body, 0);
            heads[which].Add(header.Head);
            if (random.Next(5) == 0)
                await fixture.AppendAsync("own");
        }

        await fixture.AppendAsync("last");
        var options = fixture.Options with { RecentWeight = 0 };
        var questions = Enumerable.Range(0, 60).Select(_ =>
        {
            var which = random.Next(logs.Length);
            return (Position: (ulong)random.Next((int)fixture.Store.LastPosition + 2), Segments: random.Next(1, 6), Weight: (long)random.Next(1, 4000),
                Log: logs[which].ToLogId(), After: heads[which][random.Next(heads[which].Count)]);
        }).ToArray();
        var fromMemory = questions.Select(question => Ask(fixture.Store, question)).ToArray();
        fixture.Options = options;
        await fixture.ReopenAsync();

        Assert.Equal(questions.Select(question => Ask(fixture.Store, question)), fromMemory);
    }

    [Fact]
    public void A_segment_that_does_not_follow_the_last_replaces_all()
    {
        var recent = new RecentSegments(1 << 20);
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(ConversationId.Direct(author.PeerId, author.PeerId), author.PeerId, 1);
        var (header, body) = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "one");
        recent.Add(new FeedSegment(1, header, body.Body));
        Assert.NotNull(recent.ReadFeed(0, 10, 1 << 20));
        recent.Add(new FeedSegment(3, header, body.Body));

        Assert.Null(recent.ReadFeed(0, 10, 1 << 20));
        Assert.Equal(3ul, Assert.Single(recent.ReadFeed(2, 10, 1 << 20)!.Segments).FirstPosition);
        Assert.Null(recent.FindCheck(1));
        recent.Clear();
        Assert.Null(recent.Load(log.ToLogId(), log.ToLogId().Empty, 1 << 20));
    }

    private static string Ask(LogStore store, (ulong Position, int Segments, long Weight, LogId Log, Head After) question)
    {
        var page = store.ReadFeed(question.Position, question.Segments, question.Weight);
        var feed = page.Segments.Select(segment => $"{segment.FirstPosition} {segment.Header.Hash} {Convert.ToHexString(segment.Body.Span)[..8]}");
        var loaded = store.Load(question.Log, question.After, question.Weight) is LoadResult.Segments segments
            ? segments.Held.Select(held => held.Header.Hash.ToString())
            : ["?"];
        return string.Join(',', [.. feed, "|", .. loaded, "|", $"{store.FindCheck(question.Position)}"]);
    }
}
