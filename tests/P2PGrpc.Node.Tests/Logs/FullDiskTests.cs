using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>A disk without room (D5): what is refused, what goes on, and that order and epochs survive it.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task A_full_disk_refuses_and_reads_go_on_and_writing_resumes_with_room_D5()
    {
        const int pages = 60;
        await using var fixture = new StoreFixture(options => options with { MaximumPages = pages });
        var accepted = new List<string>();
        StoreException? full = null;
        while (full is null)
        {
            Assert.True(accepted.Count < pages, "More is accepted than there is room for.");
            var text = $"{accepted.Count} {new string('x', 20_000)}";
            full = await Record.ExceptionAsync(() => fixture.AppendAsync(text)) as StoreException;
            if (full is null)
                accepted.Add(text);
        }

        Assert.Equal(StoreFailure.Full, full.Failure);
        Assert.NotEmpty(accepted);
        Assert.Equal(accepted, fixture.ReadAll());
        Assert.True(fixture.Store.Health.Writable);
        Assert.NotNull(fixture.Store.Health.Error);

        await fixture.Store.WriteAsync(new SqlOperation("PRAGMA max_page_count = 1000000"), StoreFixture.Deadline);
        await fixture.AppendAsync("room");
        Assert.Null(fixture.Store.Health.Error);
        Assert.Equal([.. accepted, "room"], fixture.ReadAll());
    }

    [Fact]
    public async Task A_transaction_that_writes_nothing_is_no_sign_of_room_D5()
    {
        await using var fixture = new StoreFixture();
        await fixture.Store.SetConsumerAsync("reader", 1, 0, TestContext.Current.CancellationToken);
        await FailedTransaction.RunAsync(fixture, new SqliteException("database or disk is full", 13), StoreFailure.Full);
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var (header, _) = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "theirs");
        var answered = new TaskCompletionSource();
        fixture.Store.Frozen += (_, _) => answered.TrySetResult();
        fixture.Store.Freeze(log.ToLogId(), header, null);
        await answered.Task.WaitAsync(StoreFixture.Deadline);

        Assert.NotNull(fixture.Store.Health.Error);
        // A cursor that does not move writes nothing either.
        await fixture.Store.SetConsumerAsync("reader", 1, 0, TestContext.Current.CancellationToken);
        Assert.NotNull(fixture.Store.Health.Error);
        await fixture.AppendAsync("room");
        Assert.Null(fixture.Store.Health.Error);
    }

    [Fact]
    public async Task Room_is_noticed_although_nobody_writes_D5()
    {
        await using var fixture = new StoreFixture();
        var hasRoom = new TaskCompletionSource();
        await FailedTransaction.RunAsync(fixture, new SqliteException("database or disk is full", 13), StoreFailure.Full);
        Assert.NotNull(fixture.Store.Health.Error);
        fixture.Store.HealthChanged += health =>
        {
            if (health.Error is null)
                hasRoom.TrySetResult();
        };
        fixture.Time.Advance(fixture.Options.FullDelay);
        await hasRoom.Task.WaitAsync(StoreFixture.Deadline);
        Assert.Null(fixture.Store.Health.Error);
    }

    /// <summary>Where one segment is refused because of an earlier refusal, what comes after it in the same transaction is, too.</summary>
    [Fact]
    public async Task What_comes_after_a_refused_segment_is_refused_with_it_S5()
    {
        await using var fixture = new StoreFixture();
        var refused = new List<LogId>();
        using var author = StoreFixture.MakeKey(2);
        var (old, young) = (new LogKey(fixture.Conversation, author.PeerId, 7), new LogKey(fixture.Conversation, author.PeerId, 8));
        var before = StoreFixture.MakeSegment(author, old, old.ToLogId().Empty, "before");
        var after = StoreFixture.MakeSegment(author, young, young.ToLogId().Empty, "after");
        await FailedTransaction.RunAsync(fixture, new SqliteException("full", 13), StoreFailure.Full, store => store.Store(before.Header, before.Body, 0));
        fixture.Store.SegmentRefused += (log, _, _) => refused.Add(log);

        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        fixture.Store.Store(before.Header, before.Body, 0);
        fixture.Store.Store(after.Header, after.Body, 1);
        var last = fixture.AppendAsync("mine");
        gate.Open();
        await blocked;
        await last;
        await fixture.SettleAsync();

        Assert.Equal([old.ToLogId(), young.ToLogId()], refused);
        Assert.Equal(["mine"], fixture.ReadAll());
    }

    /// <summary>Peers hold a limited number of logs of one author: a program that tries again and again at the edge of a full disk must not use them up.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_full_disk_the_log_goes_on_from_what_is_on_disk_S3(bool hasBegun)
    {
        await using var fixture = new StoreFixture();
        var accepted = new List<string>();
        for (var round = 0; round < 20; round++)
        {
            if (hasBegun || round > 0)
                await AcceptAsync(round);
            await FailedTransaction.RunAsync(fixture, new SqliteException("database or disk is full", 13), StoreFailure.Full);
        }

        await AcceptAsync(20);
        Assert.Equal(accepted, fixture.ReadAll());
        var headers = fixture.Store.ReadFeed(0, 100, long.MaxValue).Segments.Select(segment => segment.Header).ToArray();
        Assert.All(headers, header => Assert.Equal(headers[0].LogId, header.LogId));
        Assert.Equal(headers.SkipLast(1).Select(header => header.Head), headers.Skip(1).Select(header => header.After));
        Assert.All(headers, header => Assert.Null(SegmentVerification.FindFault(header)));

        async Task AcceptAsync(int round)
        {
            accepted.Add($"{round}");
            await fixture.AppendAsync($"{round}");
        }
    }

    [Fact]
    public async Task A_segment_refused_because_the_disk_is_full_can_come_again()
    {
        await using var fixture = new StoreFixture();
        var refused = new List<StoreFailure>();
        fixture.Store.SegmentRefused += (_, _, failure) => refused.Add(failure);
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var (header, body) = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "theirs");
        await FailedTransaction.RunAsync(fixture, new SqliteException("full", 13), StoreFailure.Full, store => store.Store(header, body, 0));
        fixture.Store.Store(header, body, 1);
        await fixture.AppendAsync("mine");
        await fixture.SettleAsync();

        Assert.Equal([StoreFailure.Full], refused);
        Assert.Equal(["theirs", "mine"], fixture.ReadAll());
    }

    [Fact]
    public async Task What_was_given_before_a_refusal_was_known_is_refused_too_S5()
    {
        await using var fixture = new StoreFixture();
        var refused = new List<(LogId, StoreFailure)>();
        fixture.Store.SegmentRefused += (log, _, failure) => refused.Add((log, failure));
        using var author = StoreFixture.MakeKey(2);
        var (old, young) = (new LogKey(fixture.Conversation, author.PeerId, 7), new LogKey(fixture.Conversation, author.PeerId, 8));
        var before = StoreFixture.MakeSegment(author, old, old.ToLogId().Empty, "before");
        var after = StoreFixture.MakeSegment(author, young, young.ToLogId().Empty, "after");
        await FailedTransaction.RunAsync(fixture, new SqliteException("full", 13), StoreFailure.Full, store => store.Store(before.Header, before.Body, 0));

        fixture.Store.Store(after.Header, after.Body, 0);
        await fixture.AppendAsync("mine");
        fixture.Store.Store(before.Header, before.Body, 2);
        fixture.Store.Store(after.Header, after.Body, 2);
        await fixture.AppendAsync("mine too");
        await fixture.SettleAsync();

        Assert.Equal([(old.ToLogId(), StoreFailure.Full), (young.ToLogId(), StoreFailure.Full)], refused);
        Assert.Equal(["mine", "before", "after", "mine too"], fixture.ReadAll());
    }
}
