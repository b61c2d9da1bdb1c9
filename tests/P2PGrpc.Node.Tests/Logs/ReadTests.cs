using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

public sealed class ReadTests
{
    [Fact]
    public async Task Load_gives_what_follows_a_boundary_within_its_weight()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one", "two");
        await fixture.AppendAsync("three");
        await fixture.AppendAsync("four", "five");
        var headers = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header).ToArray();
        var log = headers[0].LogId;

        Assert.Equal(headers.Select(header => header.Hash), Load(fixture.Store, log, log.Empty, long.MaxValue));
        Assert.Equal([headers[1].Hash, headers[2].Hash], Load(fixture.Store, log, headers[0].Head, long.MaxValue));
        Assert.Empty(Load(fixture.Store, log, headers[2].Head, long.MaxValue));
        Assert.Equal([headers[0].Hash, headers[1].Hash], Load(fixture.Store, log, log.Empty, headers[0].Weight + headers[1].Weight));
        Assert.Equal([headers[0].Hash], Load(fixture.Store, log, log.Empty, headers[0].Weight + headers[1].Weight - 1));
        Assert.Empty(Load(fixture.Store, log, log.Empty, headers[0].Weight - 1));
        Assert.Empty(Load(fixture.Store, new LogId(default), new Head(0, default), long.MaxValue));
    }

    [Fact]
    public async Task Load_names_the_header_that_stands_where_no_boundary_is()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one", "two");
        await fixture.AppendAsync("three");
        var headers = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header).ToArray();
        var log = headers[0].LogId;

        Assert.Equal(headers[0].Hash, FindObstacle(new Head(1, headers[0].Hash)));
        Assert.Equal(headers[0].Hash, FindObstacle(new Head(2, default)));
        Assert.Equal(headers[0].Hash, FindObstacle(new Head(0, headers[0].Hash)));
        Assert.Equal(headers[1].Hash, FindObstacle(new Head(3, headers[0].Hash)));
        Assert.Equal(headers[1].Hash, FindObstacle(new Head(99, headers[1].Hash)));
        Assert.Equal(headers[1].Hash, FindObstacle(new Head(ulong.MaxValue, headers[1].Hash)));

        Bytes32 FindObstacle(Head after) =>
            Assert.IsType<LoadResult.NoSuchBoundary>(fixture.Store.Load(log, after, long.MaxValue)).Header.Hash;
    }

    [Fact]
    public async Task Heads_come_in_pages_in_order_of_log_id()
    {
        await using var fixture = new StoreFixture();
        using var author = StoreFixture.MakeKey(2);
        var expected = new List<StoredHead>();
        for (var epoch = 1ul; epoch <= 5; epoch++)
        {
            var log = new LogKey(fixture.Conversation, author.PeerId, epoch);
            var first = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "one", "two");
            var second = StoreFixture.MakeSegment(author, log, first.Header.Head, "three");
            fixture.Store.Store(first.Header, first.Body, 0);
            fixture.Store.Store(second.Header, second.Body, 0);
            expected.Add(new StoredHead(log, log.ToLogId(), second.Header.Head, 3 * epoch, false));
        }

        await fixture.Store.AppendAsync(
            ConversationId.Direct(fixture.Identity.PeerId, fixture.Identity.PeerId), [StoreFixture.MakeDraft("elsewhere")], StoreFixture.Deadline);
        expected.Sort((left, right) => left.LogId.Value.CompareTo(right.LogId.Value));

        var read = new List<StoredHead>();
        LogId? next = null;
        var pages = 0;
        do
        {
            var page = fixture.Store.LoadHeads(fixture.Conversation, next, 2);
            read.AddRange(page.Heads);
            next = page.Next;
            pages++;
        }
        while (next is not null);

        Assert.Equal(expected, read);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task The_feed_begins_in_the_middle_of_a_segment_and_keeps_to_its_limits()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one", "two", "three");
        await fixture.AppendAsync("four");
        await fixture.AppendAsync("five");

        Assert.Equal([1ul, 4ul, 5ul], Read(0, 10, long.MaxValue));
        Assert.Equal([1ul, 4ul, 5ul], Read(2, 10, long.MaxValue));
        Assert.Equal([4ul, 5ul], Read(3, 10, long.MaxValue));
        Assert.Equal([4ul], Read(3, 1, long.MaxValue));
        Assert.Equal([1ul], Read(0, 10, 1));
        Assert.Empty(Read(5, 10, long.MaxValue));
        Assert.Empty(Read(ulong.MaxValue, 10, long.MaxValue));

        ulong[] Read(ulong after, int count, long weight) =>
            [.. fixture.Store.ReadFeed(after, count, weight).Segments.Select(segment => segment.FirstPosition)];
    }

    [Fact]
    public async Task A_check_is_the_prefix_of_the_hash_of_the_segment_at_a_position()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one", "two");
        await fixture.AppendAsync("three");
        var prefixes = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header.Hash.Prefix).ToArray();

        Assert.Null(fixture.Store.FindCheck(0));
        Assert.Equal(prefixes[0], fixture.Store.FindCheck(1));
        Assert.Equal(prefixes[0], fixture.Store.FindCheck(2));
        Assert.Equal(prefixes[1], fixture.Store.FindCheck(3));
        Assert.Null(fixture.Store.FindCheck(4));
        Assert.Null(fixture.Store.FindCheck(ulong.MaxValue));
    }

    [Fact]
    public async Task Readers_and_the_writer_work_side_by_side()
    {
        await using var fixture = new StoreFixture();
        var writing = Task.Run(async () =>
        {
            for (var number = 0; number < 200; number++)
                await fixture.AppendAsync($"{number}");
        });
        var reading = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var seen = 0ul; seen < 200;)
            {
                await fixture.Store.WaitBeyondAsync(seen, StoreFixture.Deadline);
                var page = fixture.Store.ReadFeed(seen, 7, long.MaxValue);
                Assert.Null(page.Damaged);
                Assert.Equal(seen + 1, page.Segments[0].FirstPosition);
                seen = page.Segments[^1].LastPosition;
            }
        }));
        await Task.WhenAll([writing, .. reading]);
        Assert.Equal(Enumerable.Range(0, 200).Select(number => $"{number}"), fixture.ReadAll());
    }

    private static Bytes32[] Load(LogStore store, LogId log, Head after, long weight)
    {
        var held = Assert.IsType<LoadResult.Segments>(store.Load(log, after, weight)).Held;
        Assert.All(held, segment => Assert.True(SegmentVerification.BodyMatches(segment.Header, ((SegmentBytes)segment.Body).Body.Span)));
        return [.. held.Select(segment => segment.Header.Hash)];
    }
}
