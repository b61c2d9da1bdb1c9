using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

public sealed class CursorTests
{
    [Fact]
    public async Task A_consumer_moves_forward_only_and_is_kept()
    {
        await using var fixture = new StoreFixture();
        Assert.Null(fixture.Store.GetConsumer("app"));
        await fixture.Store.SetConsumerAsync("app", 5, ulong.MaxValue, StoreFixture.Deadline);
        await fixture.Store.SetConsumerAsync("app", 3, 33, StoreFixture.Deadline);
        await fixture.Store.SetConsumerAsync("other", 1, 11, StoreFixture.Deadline);
        await fixture.ReopenAsync();

        Assert.Equal(new FeedCursor(5, ulong.MaxValue), fixture.Store.GetConsumer("app"));
        Assert.Equal(new FeedCursor(1, 11), fixture.Store.GetConsumer("other"));
        await fixture.Store.SetConsumerAsync("app", 6, 66, StoreFixture.Deadline);
        Assert.Equal(new FeedCursor(6, 66), fixture.Store.GetConsumer("app"));
    }

    [Fact]
    public async Task Acknowledged_heads_move_forward_only_and_never_beyond_ours()
    {
        await using var fixture = new StoreFixture();
        using var peer = StoreFixture.MakeKey(2);
        await fixture.AppendAsync("one");
        await fixture.AppendAsync("two", "three");
        var headers = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header).ToArray();
        Assert.Equal(3ul, fixture.Store.CountUndelivered(peer.PeerId));

        Record(headers[0].Head);
        Assert.Equal(1ul, Acknowledged());
        Record(new Head(4, headers[1].Hash));
        Record(new Head(ulong.MaxValue, headers[1].Hash));
        Record(new Head(3, headers[0].Hash));
        Assert.Equal(1ul, Acknowledged());
        Assert.Equal(2ul, fixture.Store.CountUndelivered());
        Record(headers[1].Head);
        Record(headers[0].Head);
        Assert.Equal(3ul, Acknowledged());
        Assert.Equal(0ul, fixture.Store.CountUndelivered(peer.PeerId));
        Assert.Equal(0ul, fixture.Store.CountUndelivered());

        await fixture.ReopenAsync();
        Assert.Equal(3ul, Acknowledged());
        await fixture.AppendAsync("four");
        Assert.Equal(1ul, fixture.Store.CountUndelivered(peer.PeerId));

        void Record(Head head) => fixture.Store.RecordAcknowledged(peer.PeerId, headers[0].Log, headers[0].LogId, head);

        ulong Acknowledged() => fixture.Store.GetAcknowledged(peer.PeerId, headers[0].LogId);
    }

    [Fact]
    public async Task Notes_to_oneself_are_never_undelivered()
    {
        await using var fixture = new StoreFixture();
        var self = fixture.Identity.PeerId;
        await fixture.Store.AppendAsync(ConversationId.Direct(self, self), [StoreFixture.MakeDraft("note")], StoreFixture.Deadline);
        Assert.Equal(0ul, fixture.Store.CountUndelivered(self));
        Assert.Equal(0ul, fixture.Store.CountUndelivered());
    }

    [Fact]
    public async Task What_was_heard_goes_forward_within_a_process_and_a_scope_and_starts_over_with_another()
    {
        await using var fixture = new StoreFixture();
        using var peer = StoreFixture.MakeKey(2);
        fixture.Store.RecordHeard(peer.PeerId, new HeardPosition(ulong.MaxValue, 9, 5));
        fixture.Store.RecordHeard(peer.PeerId, new HeardPosition(ulong.MaxValue, 8, 5));
        Assert.Equal(new HeardPosition(ulong.MaxValue, 9, 5), fixture.Store.GetHeard(peer.PeerId));
        fixture.Store.RecordHeard(peer.PeerId, new HeardPosition(ulong.MaxValue, 4, ulong.MaxValue));
        Assert.Equal(new HeardPosition(ulong.MaxValue, 4, ulong.MaxValue), fixture.Store.GetHeard(peer.PeerId));
        fixture.Store.RecordHeard(peer.PeerId, new HeardPosition(77, 3, ulong.MaxValue));
        await fixture.ReopenAsync();
        Assert.Equal(new HeardPosition(77, 3, ulong.MaxValue), fixture.Store.GetHeard(peer.PeerId));
    }

    /// <summary>L1: version 2 did not note what was shared when a position was heard, so that all is told once more.</summary>
    [Fact]
    public async Task A_database_of_version_2_keeps_all_but_what_was_heard()
    {
        await using var fixture = new StoreFixture();
        using var peer = StoreFixture.MakeKey(2);
        await fixture.AppendAsync("one");
        fixture.Store.RecordHeard(peer.PeerId, new HeardPosition(1, 9, 5));
        await fixture.ReopenAsync(() => fixture.Execute(
            StoreFixture.BackToVersion3 + "DROP TABLE room; ALTER TABLE heard DROP COLUMN scope; PRAGMA user_version = 2"));
        Assert.Equal(1ul, fixture.Store.LastPosition);
        Assert.Equal(default, fixture.Store.GetHeard(peer.PeerId));
        fixture.Store.RecordHeard(peer.PeerId, new HeardPosition(1, 9, 5));
        await fixture.ReopenAsync();
        Assert.Equal(new HeardPosition(1, 9, 5), fixture.Store.GetHeard(peer.PeerId));
    }

    [Fact]
    public async Task A_database_of_version_3_keeps_all()
    {
        await using var fixture = new StoreFixture();
        using var peer = StoreFixture.MakeKey(2);
        await fixture.AppendAsync("one", "two");
        await fixture.Store.SetConsumerAsync("reader", 1, fixture.Store.FindCheck(1) ?? 0, StoreFixture.Deadline);
        fixture.Store.RecordHeard(peer.PeerId, new HeardPosition(1, 9, 5));
        await fixture.ReopenAsync(() => fixture.Execute(StoreFixture.BackToVersion3));
        Assert.Equal(["one", "two"], fixture.ReadAll());
        Assert.Equal(1ul, fixture.Store.GetConsumer("reader")?.Position);
        Assert.Equal(new HeardPosition(1, 9, 5), fixture.Store.GetHeard(peer.PeerId));
        await fixture.AppendAsync("three");
        await fixture.ReopenAsync();
        Assert.Equal(["one", "two", "three"], fixture.ReadAll());
    }

    [Fact]
    public async Task Cursors_are_on_disk_after_a_second()
    {
        await using var fixture = new StoreFixture();
        using var peer = StoreFixture.MakeKey(2);
        fixture.Store.RecordHeard(peer.PeerId, new HeardPosition(1, 9, 5));
        Assert.Equal(0L, CountRows());
        var before = fixture.Store.Commits;
        fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(SpinWait.SpinUntil(() => fixture.Store.Commits > before, TimeSpan.FromSeconds(30)));
        Assert.Equal(1L, CountRows());

        object? CountRows() => fixture.Store.Query(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM heard";
            return command.ExecuteScalar();
        });
    }
}
