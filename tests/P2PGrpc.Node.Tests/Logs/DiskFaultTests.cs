using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

public sealed class DiskFaultTests
{
    private static readonly SqliteException DiskError = new("disk I/O error", 10);

    [Fact]
    public async Task A_full_disk_refuses_and_reads_go_on_and_writing_resumes_with_room_D5()
    {
        await using var fixture = new StoreFixture(options => options with { MaximumPages = 60 });
        var accepted = new List<string>();
        StoreException? full = null;
        while (full is null)
        {
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
        await FailTogetherAsync(fixture, new SqliteException("database or disk is full", 13), StoreFailure.Full);
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var (header, _) = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "theirs");
        var answered = new TaskCompletionSource();
        fixture.Store.Frozen += (_, _) => answered.TrySetResult();
        fixture.Store.Freeze(log.ToLogId(), header, null);
        await answered.Task.WaitAsync(StoreFixture.Deadline);

        Assert.NotNull(fixture.Store.Health.Error);
        await fixture.AppendAsync("room");
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
        await FailTogetherAsync(fixture, new SqliteException("full", 13), StoreFailure.Full, store => store.Store(before.Header, before.Body, 0));
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

        Assert.Equal([old.ToLogId(), young.ToLogId()], refused);
        Assert.Equal(["mine"], fixture.ReadAll());
    }

    [Fact]
    public async Task After_a_full_disk_the_epoch_is_abandoned_and_the_next_names_its_last_durable_head_S3()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one");
        await FailTogetherAsync(fixture, new SqliteException("database or disk is full", 13), StoreFailure.Full);
        await fixture.AppendAsync("two");

        await AssertNewEpochAsync(fixture, "one", "two");
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
        await FailTogetherAsync(fixture, new SqliteException("full", 13), StoreFailure.Full, store => store.Store(header, body, 0));
        fixture.Store.Store(header, body, 1);
        await fixture.AppendAsync("mine");

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
        await FailTogetherAsync(fixture, new SqliteException("full", 13), StoreFailure.Full, store => store.Store(before.Header, before.Body, 0));

        fixture.Store.Store(after.Header, after.Body, 0);
        await fixture.AppendAsync("mine");
        fixture.Store.Store(before.Header, before.Body, 2);
        fixture.Store.Store(after.Header, after.Body, 2);
        await fixture.AppendAsync("mine too");

        Assert.Equal([(old.ToLogId(), StoreFailure.Full), (young.ToLogId(), StoreFailure.Full)], refused);
        Assert.Equal(["mine", "before", "after", "mine too"], fixture.ReadAll());
    }

    /// <summary>A node whose older database was put back gets its own old logs from its peers: others may have more of them, so they are no log of this process.</summary>
    [Fact]
    public async Task An_own_log_of_an_earlier_process_that_a_recovery_finds_was_received_L1()
    {
        await using var fixture = new StoreFixture();
        var told = new List<(bool Own, bool Recovered)>();
        fixture.Store.Committed += segment => told.Add((segment.Own, segment.Recovered));
        var log = new LogKey(fixture.Conversation, fixture.Identity.PeerId, 7);
        var (header, body) = StoreFixture.MakeSegment(fixture.Identity, log, log.ToLogId().Empty, "from an earlier life");
        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        fixture.Store.Store(header, body, 0);
        var failing = fixture.Store.WriteAsync(new SqlOperation("COMMIT", DiskError), StoreFixture.Deadline);
        gate.Open();
        await blocked;
        await Assert.ThrowsAsync<StoreException>(() => failing);

        Assert.Equal([(false, false)], told);
    }

    [Fact]
    public async Task An_error_of_the_disk_halts_then_recovers_in_a_new_epoch_D4_S3()
    {
        await using var fixture = new StoreFixture();
        var health = new List<StoreHealth>();
        fixture.Store.HealthChanged += health.Add;
        await fixture.AppendAsync("one");
        await FailTogetherAsync(fixture, DiskError, StoreFailure.Halted);
        await fixture.AppendAsync("two");

        Assert.Equal([false, true], health.Select(change => change.Writable));
        Assert.NotNull(health[0].Error);
        await AssertNewEpochAsync(fixture, "one", "two");
    }

    [Fact]
    public async Task What_a_failed_commit_left_on_disk_is_told_after_the_recovery_only_D4()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one");
        var told = new List<(ulong Position, bool Writable)>();
        var refused = 0;
        fixture.Store.Committed += segment => told.Add((segment.FirstPosition, fixture.Store.Health.Writable));
        fixture.Store.SegmentRefused += (_, _, _) => refused++;
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var (header, body) = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "theirs");
        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        fixture.Store.Store(header, body, 0);
        var failing = fixture.Store.WriteAsync(new SqlOperation("COMMIT", DiskError), StoreFixture.Deadline);
        gate.Open();
        await blocked;
        var failure = await Assert.ThrowsAsync<StoreException>(() => failing);

        Assert.Equal(StoreFailure.Halted, failure.Failure);
        Assert.Equal([(2ul, true)], told);
        Assert.Equal(0, refused);
        Assert.Equal(["one", "theirs"], fixture.ReadAll());
    }

    [Fact]
    public async Task While_recovery_fails_writes_are_refused_and_reads_go_on_and_it_is_tried_again_after_a_second_D4()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one");
        using (var reader = StoreConnection.OpenReader(fixture.Options.DatabasePath))
        {
            // A read transaction of a stranger keeps the write-ahead log from being taken in.
            await fixture.AppendAsync("two");
            reader.Execute("BEGIN");
            reader.ReadScalar("SELECT count(*) FROM segment");
            await fixture.AppendAsync("three");
            await FailTogetherAsync(fixture, DiskError, StoreFailure.Halted);
            Assert.False(fixture.Store.Health.Writable);
            var refused = await Assert.ThrowsAsync<StoreException>(() => fixture.AppendAsync("refused"));
            Assert.Equal(StoreFailure.Halted, refused.Failure);
            Assert.Equal(["one", "two", "three"], fixture.ReadAll());
        }

        await Assert.ThrowsAsync<StoreException>(() => fixture.AppendAsync("too early"));
        var writable = new TaskCompletionSource();
        fixture.Store.HealthChanged += health =>
        {
            if (health.Writable)
                writable.SetResult();
        };
        fixture.Time.Advance(TimeSpan.FromSeconds(1));
        await writable.Task.WaitAsync(StoreFixture.Deadline);
        await fixture.AppendAsync("four");
        Assert.Equal(["one", "two", "three", "four"], fixture.ReadAll());
    }

    [Fact]
    public async Task What_was_refused_and_a_later_recovery_finds_on_disk_is_told_as_such_D4()
    {
        await using var fixture = new StoreFixture();
        var told = new TaskCompletionSource<CommittedSegment>();
        fixture.Store.Committed += told.SetResult;
        var refused = new List<StoreFailure>();
        fixture.Store.SegmentRefused += (_, _, failure) => refused.Add(failure);
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var (header, body) = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "theirs");
        using (var reader = StoreConnection.OpenReader(fixture.Options.DatabasePath))
        {
            // A read transaction of a stranger keeps the write-ahead log from being taken in.
            reader.Execute("BEGIN");
            reader.ReadScalar("SELECT count(*) FROM segment");
            using var gate = new BlockingOperation();
            var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
            gate.WaitUntilReached();
            fixture.Store.Store(header, body, 0);
            var failing = fixture.Store.WriteAsync(new SqlOperation("COMMIT", DiskError), StoreFixture.Deadline);
            gate.Open();
            await blocked;
            await Assert.ThrowsAsync<StoreException>(() => failing);
        }

        Assert.Equal([StoreFailure.Halted], refused);
        Assert.False(told.Task.IsCompleted);
        fixture.Time.Advance(TimeSpan.FromSeconds(1));
        var found = await told.Task.WaitAsync(StoreFixture.Deadline);
        Assert.Equal((header.Hash, true), (found.Header.Hash, found.Recovered));
        Assert.Equal(["theirs"], fixture.ReadAll());
    }

    [Fact]
    public async Task An_operation_that_fails_is_undone_alone()
    {
        await using var fixture = new StoreFixture();
        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        var append = fixture.AppendAsync("one");
        var failing = fixture.Store.WriteAsync(
            new SqlOperation("INSERT INTO peer VALUES ('bad', '{}')", new InvalidOperationException("mine")), StoreFixture.Deadline);
        var good = fixture.Store.WriteAsync(new SqlOperation("INSERT INTO peer VALUES ('good', '{}')"), StoreFixture.Deadline);
        gate.Open();
        await blocked;
        await append;
        await good;

        Assert.Equal("mine", (await Assert.ThrowsAsync<InvalidOperationException>(() => failing)).Message);
        Assert.Equal("good", fixture.Store.Query(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT group_concat(key) FROM peer";
            return command.ExecuteScalar();
        }));
    }

    [Theory]
    [InlineData("UPDATE segment SET body = zeroblob(length(body)) WHERE position = 2")]
    [InlineData("UPDATE segment SET header = zeroblob(length(header)) WHERE position = 2")]
    [InlineData("UPDATE segment SET hash = zeroblob(32) WHERE position = 2")]
    [InlineData("UPDATE segment SET count = 2 WHERE position = 2")]
    [InlineData("UPDATE segment SET header = 'text', body = 17 WHERE position = 2")]
    public async Task Damaged_segments_are_never_served_D6(string damage)
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one");
        await fixture.AppendAsync("two");
        await fixture.AppendAsync("three");
        var log = fixture.Store.ReadFeed(0, 1, long.MaxValue).Segments[0].Header;
        await fixture.ReopenAsync(() => fixture.Execute(damage));

        var page = fixture.Store.ReadFeed(0, 10, long.MaxValue);
        Assert.Equal(1ul, Assert.Single(page.Segments).FirstPosition);
        Assert.Equal(new DamagedSegment(2, 2), page.Damaged);
        var beyond = fixture.Store.ReadFeed(page.Damaged!.LastPosition, 10, long.MaxValue);
        Assert.Equal("three", Assert.Single(StoreFixture.ReadTexts(beyond.Segments[0].Header, beyond.Segments[0].Body)));

        var before = Assert.IsType<LoadResult.Segments>(fixture.Store.Load(log.LogId, log.LogId.Empty, long.MaxValue));
        Assert.Single(before.Held);
        Assert.IsType<LoadResult.Damaged>(fixture.Store.Load(log.LogId, log.Head, long.MaxValue));
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_in_the_file_is_never_served_D6()
    {
        var texts = Enumerable.Range(0, 40).Select(number => $"{number} {new string('x', 500)}").ToArray();
        var random = new Random(4711);
        var served = 0;
        for (var round = 0; round < 60; round++)
        {
            await using var fixture = new StoreFixture();
            foreach (var chunk in texts.Chunk(4))
                await fixture.AppendAsync(chunk);
            await fixture.Store.DisposeAsync();
            var bytes = await File.ReadAllBytesAsync(fixture.Options.DatabasePath, StoreFixture.Deadline);
            bytes[random.Next(100, bytes.Length)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(fixture.Options.DatabasePath, bytes, StoreFixture.Deadline);
            try
            {
                await fixture.ReopenAsync();
                served += AssertOnlyWhatWasWritten(fixture, texts);
            }
            catch (NodeStartException exception)
            {
                Assert.Equal("DATABASE_DAMAGED", exception.Reason);
            }
            catch (StoreException exception)
            {
                Assert.Equal(StoreFailure.Halted, exception.Failure);
            }
        }

        Assert.InRange(served, 40 * 30, 40 * 60);
    }

    [Fact]
    public async Task A_file_that_is_no_database_or_a_newer_one_is_refused()
    {
        await using var fixture = new StoreFixture();
        var newer = await Assert.ThrowsAsync<NodeStartException>(() => fixture.ReopenAsync(() => fixture.Execute("PRAGMA user_version = 3")));
        Assert.Equal("DATABASE_NEWER", newer.Reason);
        await File.WriteAllTextAsync(fixture.Options.DatabasePath, new string('?', 8192), StoreFixture.Deadline);
        var damaged = await Assert.ThrowsAsync<NodeStartException>(() => fixture.ReopenAsync());
        Assert.Equal("DATABASE_DAMAGED", damaged.Reason);
    }

    /// <summary>Lets an append, and what else is given, fail in one transaction.</summary>
    private static async Task FailTogetherAsync(
        StoreFixture fixture, SqliteException exception, StoreFailure expected, Action<LogStore>? beside = null)
    {
        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        var append = fixture.AppendAsync("lost");
        beside?.Invoke(fixture.Store);
        var failing = fixture.Store.WriteAsync(new SqlOperation("", exception), StoreFixture.Deadline);
        gate.Open();
        await blocked;
        Assert.Equal(expected, (await Assert.ThrowsAsync<StoreException>(() => append)).Failure);
        Assert.Equal(expected, (await Assert.ThrowsAsync<StoreException>(() => failing)).Failure);
    }

    private static async Task AssertNewEpochAsync(StoreFixture fixture, string before, string after)
    {
        Assert.Equal([before, after], fixture.ReadAll());
        var headers = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header).ToArray();
        Assert.NotEqual(headers[0].LogId, headers[1].LogId);
        var opening = Protocol.Opening.Parser.ParseFrom(headers[1].Opening.Span);
        Assert.Equal(headers[0].Log.Epoch, opening.PredecessorEpoch);
        Assert.True(SegmentCodec.TryRead(opening.PredecessorHead, out var head));
        Assert.Equal(headers[0].Head, head);
        await fixture.AppendAsync("more");
        Assert.Equal(headers[1].LogId, fixture.Store.ReadFeed(2, 10, long.MaxValue).Segments[0].Header.LogId);
    }

    private static int AssertOnlyWhatWasWritten(StoreFixture fixture, string[] texts)
    {
        var served = 0;
        for (var after = 0ul; after < fixture.Store.LastPosition;)
        {
            var page = fixture.Store.ReadFeed(after, 100, long.MaxValue);
            foreach (var segment in page.Segments)
            {
                var read = StoreFixture.ReadTexts(segment.Header, segment.Body);
                var start = (int)segment.Header.FirstSequence - 1;
                Assert.Equal(texts[start..(start + 4)], read);
                served += read.Count;
                after = segment.LastPosition;
            }

            if (page.Damaged is { } damaged)
                after = damaged.LastPosition;
            else if (page.Segments.Count == 0)
                break;
        }

        return served;
    }
}
