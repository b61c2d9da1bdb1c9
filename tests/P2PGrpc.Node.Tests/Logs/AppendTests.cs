using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

public sealed class AppendTests
{
    [Fact]
    public async Task What_was_accepted_is_read_after_a_reopen_D1()
    {
        await using var fixture = new StoreFixture();
        var results = await fixture.AppendAsync("one", "two ✓", "");
        await fixture.ReopenAsync();

        Assert.Equal(["one", "two ✓", ""], fixture.ReadAll());
        Assert.Equal([1ul, 2ul, 3ul], results.Select(result => result.Reference.Sequence));
        Assert.All(results, result => Assert.Equal(AppendState.Accepted, result.State));
        Assert.Equal(3ul, fixture.Store.LastPosition);
    }

    [Fact]
    public async Task Entries_carry_rising_stamps_above_those_observed()
    {
        await using var fixture = new StoreFixture();
        var ahead = (ulong)fixture.Time.GetUtcNow().AddMinutes(1).ToUnixTimeMilliseconds() << 16;
        fixture.Store.ObserveClock(ahead);
        await fixture.AppendAsync("one", "two");

        var segment = Assert.Single(fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments);
        var stamps = SegmentBodyReader.Read(segment.Header, segment.Body).Select(entry => entry!.Clock).ToArray();
        Assert.Equal([ahead + 1, ahead + 2], stamps);
    }

    [Fact]
    public async Task Segments_chain_and_verify_and_only_the_first_has_an_opening()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one");
        await fixture.ReopenAsync();
        await fixture.AppendAsync("two");
        await fixture.AppendAsync("three");

        var headers = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header).ToArray();
        Assert.All(headers, header => Assert.Null(SegmentVerification.FindFault(header)));
        Assert.Equal(headers[1].Head, headers[2].After);
        Assert.NotEqual(0, headers[1].Opening.Length);
        Assert.Equal(0, headers[2].Opening.Length);
    }

    [Fact]
    public async Task A_new_process_begins_a_new_epoch_that_names_its_predecessor_S3()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one");
        await fixture.AppendAsync("two");
        await fixture.ReopenAsync();
        await fixture.AppendAsync("three");

        var headers = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header).ToArray();
        Assert.Equal(headers[0].LogId, headers[1].LogId);
        Assert.NotEqual(headers[0].LogId, headers[2].LogId);
        Assert.Equal(0, headers[0].Opening.Length);
        var opening = Protocol.Opening.Parser.ParseFrom(headers[2].Opening.Span);
        Assert.Equal(headers[1].Log.Epoch, opening.PredecessorEpoch);
        Assert.True(SegmentCodec.TryRead(opening.PredecessorHead, out var head));
        Assert.Equal(headers[1].Head, head);
    }

    [Fact]
    public async Task Many_callers_share_segments_and_flushes()
    {
        await using var fixture = new StoreFixture();
        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        var appends = Enumerable.Range(0, 64).Select(number => fixture.AppendAsync($"{number}")).ToArray();
        var before = fixture.Store.Commits;
        gate.Open();
        await blocked;
        var results = await Task.WhenAll(appends);

        Assert.Equal(64, results.Select(result => result[0].Reference).Distinct().Count());
        Assert.Equal(64, fixture.ReadAll().Count);
        Assert.InRange(fixture.Store.Commits - before, 1, 4);
        Assert.InRange(fixture.Store.ReadFeed(0, 100, long.MaxValue).Segments.Count, 1, 4);
    }

    [Fact]
    public async Task A_large_call_fills_as_few_segments_as_its_entries_allow()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync([.. Enumerable.Range(0, 5000).Select(number => $"{number}")]);
        var counts = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header.Count);
        Assert.Equal([4096, 904], counts);

        await fixture.AppendAsync([.. Enumerable.Repeat(new string('x', 60_000), 7)]);
        counts = fixture.Store.ReadFeed(5000, 10, long.MaxValue).Segments.Select(segment => segment.Header.Count);
        Assert.Equal([3, 3, 1], counts);
    }

    [Fact]
    public async Task A_message_that_fits_no_segment_is_refused_and_the_largest_that_fits_is_not()
    {
        await using var fixture = new StoreFixture();
        var largest = LogLimits.BodyLength - (1 + 3) - (9 + 1 + 3);
        Assert.Equal(LogLimits.BodyLength, SegmentBodyBuilder.EncodedLength(EntryWriter.EntryLength(largest)));

        await fixture.Store.AppendAsync(fixture.Conversation, [new Draft(new byte[largest], null)], StoreFixture.Deadline);
        await Assert.ThrowsAsync<ArgumentException>(() =>
            fixture.Store.AppendAsync(fixture.Conversation, [new Draft(new byte[largest + 1], null)], StoreFixture.Deadline));
        Assert.Equal(1ul, fixture.Store.LastPosition);
    }

    [Fact]
    public async Task A_queue_without_room_lets_callers_wait_and_give_up()
    {
        await using var fixture = new StoreFixture(options => options with { QueueWeight = 10_000 });
        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        var inside = fixture.AppendAsync(new string('a', 5000));
        var waiting = fixture.AppendAsync(new string('b', 5000));
        using var cancellation = new CancellationTokenSource();
        var givenUp = fixture.Store.AppendAsync(fixture.Conversation, [StoreFixture.MakeDraft("never")], cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        Assert.False(waiting.IsCompleted);

        gate.Open();
        await Task.WhenAll(blocked, inside, waiting);
        Assert.Equal(["a", "b"], fixture.ReadAll().Select(text => text[..1]));
    }

    [Fact]
    public async Task Commits_are_told_in_order_of_position_after_they_can_be_read_D2()
    {
        await using var fixture = new StoreFixture();
        var told = new List<(CommittedSegment Segment, bool Readable)>();
        var store = fixture.Store;
        store.Committed += segment => told.Add(
            (segment, store.LastPosition >= segment.LastPosition && store.ReadFeed(segment.FirstPosition - 1, 1, long.MaxValue).Segments.Count == 1));
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var (header, body) = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "theirs");
        store.Store(header, body, 0);
        await fixture.AppendAsync("mine");
        await fixture.AppendAsync("mine too");
        await fixture.SettleAsync();

        Assert.Equal([1ul, 2ul, 3ul], told.Select(item => item.Segment.FirstPosition));
        Assert.Equal([false, true, true], told.Select(item => item.Segment.Own));
        Assert.All(told, item => Assert.True(item.Readable));
    }

    [Fact]
    public async Task A_received_segment_that_does_not_follow_is_refused_S2()
    {
        await using var fixture = new StoreFixture();
        var refused = new List<(LogId Log, Head Head, StoreFailure Failure)>();
        fixture.Store.SegmentRefused += (log, head, failure) => refused.Add((log, head, failure));
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var first = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "one");
        var second = StoreFixture.MakeSegment(author, log, first.Header.Head, "two");
        var rival = StoreFixture.MakeSegment(author, log, new Head(1, default), "other");
        fixture.Store.Store(second.Header, second.Body, 0);
        fixture.Store.Store(first.Header, first.Body, 0);
        fixture.Store.Store(first.Header, first.Body, 0);
        fixture.Store.Store(rival.Header, rival.Body, 0);
        fixture.Store.Store(second.Header, second.Body, 0);
        await fixture.AppendAsync("end");
        await fixture.SettleAsync();

        Assert.Equal(["one", "two", "end"], fixture.ReadAll());
        Assert.Equal([second.Header.Head, first.Header.Head, rival.Header.Head], refused.Select(item => item.Head));
        Assert.All(refused, item => Assert.Equal(StoreFailure.Mismatch, item.Failure));
    }

    [Fact]
    public async Task Waiting_ends_when_the_feed_moves_beyond()
    {
        await using var fixture = new StoreFixture();
        var waiting = fixture.Store.WaitBeyondAsync(1, StoreFixture.Deadline);
        await fixture.AppendAsync("one");
        Assert.False(waiting.IsCompleted);
        await fixture.AppendAsync("two");
        Assert.Equal(2ul, await waiting);
        Assert.Equal(2ul, await fixture.Store.WaitBeyondAsync(0, StoreFixture.Deadline));
        var never = fixture.Store.WaitBeyondAsync(2, StoreFixture.Deadline);
        await fixture.Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => never);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => fixture.AppendAsync("late"));
    }

    [Fact]
    public async Task A_watcher_that_throws_stops_neither_the_others_nor_the_writer()
    {
        await using var fixture = new StoreFixture();
        var told = 0;
        fixture.Store.Committed += _ => throw new InvalidOperationException("a fault of a watcher");
        fixture.Store.Committed += _ => told++;
        await fixture.AppendAsync("one");
        await fixture.AppendAsync("two");
        await fixture.SettleAsync();
        Assert.Equal(2, told);
        Assert.True(fixture.Store.Health.Writable);
    }
}
