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
        await fixture.FailTogetherAsync(DiskError, StoreFailure.Halted);
        await fixture.AppendAsync("two");

        Assert.Equal([false, true], health.Select(change => change.Writable));
        Assert.NotNull(health[0].Error);
        await fixture.AssertNewEpochAsync("one", "two");
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
            await fixture.FailTogetherAsync(DiskError, StoreFailure.Halted);
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
