using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>S4: a fork leaves a stored proof and freezes its log.</summary>
public sealed class ForkTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_proved_fork_freezes_the_log_for_good_S4(bool secondIsGiven)
    {
        await using var fixture = new StoreFixture();
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var logId = log.ToLogId();
        var first = StoreFixture.MakeSegment(author, log, logId.Empty, "one", "two");
        var second = StoreFixture.MakeSegment(author, log, first.Header.Head, "three");
        var rival = StoreFixture.MakeSegment(author, log, new Head(1, default), "rival");
        var frozen = new List<ForkProof?>();
        var refused = new List<StoreFailure>();
        Watch();
        fixture.Store.Store(first.Header, first.Body, 0);
        fixture.Store.Freeze(logId, rival.Header, secondIsGiven ? first.Header : null);
        fixture.Store.Store(second.Header, second.Body, 0);
        await fixture.AppendAsync("end");
        await fixture.SettleAsync();

        var proof = Assert.Single(frozen)!;
        Assert.Equal(rival.Header.Hash, proof.First.Hash);
        Assert.Equal(first.Header.Hash, proof.Second.Hash);
        Assert.Equal([StoreFailure.Mismatch], refused);

        await fixture.ReopenAsync();
        Watch();
        fixture.Store.Store(second.Header, second.Body, 0);
        fixture.Store.Freeze(logId, second.Header, null);
        await fixture.AppendAsync("end");
        await fixture.SettleAsync();
        Assert.Equal(2, refused.Count);
        Assert.Equal(rival.Header.Hash, frozen[1]!.First.Hash);
        Assert.True(fixture.Store.LoadHeads(fixture.Conversation, null, 10).Heads.Single(head => head.LogId == logId).Frozen);
        Assert.Equal(["one", "two", "end", "end"], fixture.ReadAll());

        void Watch()
        {
            fixture.Store.Frozen += (_, found) => frozen.Add(found);
            fixture.Store.SegmentRefused += (_, _, failure) => refused.Add(failure);
        }
    }

    [Fact]
    public async Task What_proves_nothing_freezes_nothing()
    {
        await using var fixture = new StoreFixture();
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var other = new LogKey(fixture.Conversation, author.PeerId, 8);
        var first = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "one");
        var second = StoreFixture.MakeSegment(author, log, first.Header.Head, "two");
        var frozen = new List<ForkProof?>();
        fixture.Store.Frozen += (_, found) => frozen.Add(found);
        fixture.Store.Store(first.Header, first.Body, 0);
        fixture.Store.Freeze(log.ToLogId(), first.Header, null);
        fixture.Store.Freeze(log.ToLogId(), first.Header, first.Header);
        fixture.Store.Freeze(log.ToLogId(), second.Header, null);
        fixture.Store.Freeze(log.ToLogId(), second.Header, first.Header);
        fixture.Store.Freeze(other.ToLogId(), first.Header, second.Header);
        fixture.Store.Store(second.Header, second.Body, 0);
        await fixture.AppendAsync("end");
        await fixture.SettleAsync();

        Assert.Equal(5, frozen.Count);
        Assert.All(frozen, Assert.Null);
        Assert.Equal(["one", "two", "end"], fixture.ReadAll());
    }

    [Fact]
    public async Task A_proof_about_a_log_not_held_keeps_it_out()
    {
        await using var fixture = new StoreFixture();
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var one = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "one");
        var other = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "other");
        fixture.Store.Freeze(log.ToLogId(), one.Header, other.Header);
        fixture.Store.Store(one.Header, one.Body, 0);
        await fixture.AppendAsync("end");

        Assert.Equal(["end"], fixture.ReadAll());
        var head = fixture.Store.LoadHeads(fixture.Conversation, null, 10).Heads.Single(head => head.Log == log);
        Assert.Equal(new StoredHead(log, log.ToLogId(), log.ToLogId().Empty, 0, Frozen: true), head with { Proof = null });
        Assert.Equal((one.Header.Hash, other.Header.Hash), (head.Proof?.First.Hash, head.Proof?.Second.Hash));
    }
}
