using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>Errors of the disk (D4): the store halts, and goes on only from what is there.</summary>
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
        await FailedTransaction.RunAsync(fixture, DiskError, StoreFailure.Halted);
        await fixture.AppendAsync("two");

        Assert.Equal([false, true], health.Select(change => change.Writable));
        Assert.NotNull(health[0].Error);
        await FailedTransaction.AssertNewEpochAsync(fixture, "one", "two");
    }

    [Fact]
    public async Task What_a_failed_commit_left_on_disk_is_told_after_the_recovery_only_D4()
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one");
        // Its event comes after its answer, and must not be taken for one of what follows.
        await fixture.SettleAsync();
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
            await FailedTransaction.RunAsync(fixture, DiskError, StoreFailure.Halted);
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
}
