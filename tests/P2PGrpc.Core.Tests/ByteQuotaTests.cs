using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Tests;

/// <summary>V1: of one author only so much is held, and only so fast; and nothing is lost by that.</summary>
public sealed class ByteQuotaTests
{
    /// <summary>A segment of the tests weighs a thousand bytes.</summary>
    private const int Weight = 1000;

    private static readonly IdentityKey[] Keys = Enumerable.Range(1, 5).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray())).ToArray();
    private static readonly ConversationId Room = ConversationId.Direct(Keys[0].PeerId, Keys[0].PeerId);
    private static readonly ConversationId Direct = ConversationId.Direct(Keys[0].PeerId, Keys[3].PeerId);

    private static readonly ReplicatorLimits Limits = new()
    {
        AuthorBytes = null,
        AllBytes = null,
        AuthorRate = null,
        AllRate = null,
        QuotaBurst = TimeSpan.FromSeconds(10),
        QuotaPause = TimeSpan.FromSeconds(2),
        SuccessionTime = TimeSpan.FromSeconds(5),
        LinkCredit = 512 * 1024,
    };

    private readonly Dictionary<LogId, ulong> positions = [];
    private Replicator replicator = null!;
    private TimeSpan now = TimeSpan.FromSeconds(1);

    /// <summary>A thousand bytes a second: ten segments come at once, and the eleventh begins a pause.</summary>
    private static ReplicatorLimits ASegmentASecond => Limits with { AuthorRate = 60 * Weight };

    [Fact]
    public void Who_writes_faster_than_the_rate_is_paused_and_taken_up_where_it_stopped()
    {
        Start(ASegmentASecond);
        var log = Chain(3, 30);
        Assert.Single(Tell(1, log[^1]).OfType<ReplicatorOutput.SendWant>());
        for (var index = 0; index < 10; index++)
            Assert.Empty(Push(1, log[index]).OfType<ReplicatorOutput.SendUnwant>());
        var outputs = Push(1, log[10]);
        Assert.Single(outputs.OfType<ReplicatorOutput.Store>());
        Assert.Single(outputs.OfType<ReplicatorOutput.SendUnwant>());
        Assert.Equal(RefuseReason.Quota, Assert.Single(outputs.OfType<ReplicatorOutput.SendRefuse>()).Reason);
        Assert.Equal(QuotaReason.AuthorRate, Assert.Single(outputs.OfType<ReplicatorOutput.QuotaReached>()).Reason);

        // Eleven seconds' worth came. A pause ends when there is room for two again, and not before, whatever is told meanwhile.
        Assert.Empty(Tell(2, log[^1]).OfType<ReplicatorOutput.SendWant>());
        now += TimeSpan.FromMilliseconds(2999);
        Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>());
        now += TimeSpan.FromMilliseconds(1);
        Assert.Equal(log[10].Head, Assert.Single(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>()).After);
        outputs = [.. Push(1, log[11]), .. Push(1, log[12]), .. Push(1, log[13])];
        Assert.Equal(3, outputs.OfType<ReplicatorOutput.Store>().Count());

        // Neither the other side nor the owner hears of it again each time.
        Assert.Single(outputs.OfType<ReplicatorOutput.SendUnwant>());
        Assert.Empty(outputs.OfType<ReplicatorOutput.SendRefuse>());
        Assert.Empty(outputs.OfType<ReplicatorOutput.QuotaReached>());
    }

    [Fact]
    public void What_is_under_way_when_a_pause_begins_is_taken_up_to_as_much_again()
    {
        Start(ASegmentASecond);
        var log = Chain(3, 30);
        Tell(1, log[^1]);
        var outputs = log.SelectMany(segment => Push(1, segment)).ToList();
        Assert.Equal(21, outputs.OfType<ReplicatorOutput.Store>().Count());
        Assert.Equal(9, outputs.OfType<ReplicatorOutput.Release>().Count());
    }

    [Fact]
    public void An_authors_flood_counts_once_over_whichever_links_and_in_whichever_logs_it_comes()
    {
        Start(ASegmentASecond);
        var (one, other) = (Chain(3, 10), Chain(3, 10, epoch: 2));
        Tell(1, one[^1]);
        Tell(2, other[^1]);
        for (var index = 0; index < 5; index++)
        {
            Push(1, one[index]);
            Push(2, other[index]);
        }

        Assert.Single(Push(1, one[5]).OfType<ReplicatorOutput.SendUnwant>());
        Assert.Single(Push(2, other[5]).OfType<ReplicatorOutput.SendUnwant>());
    }

    [Fact]
    public void Other_authors_and_the_direct_conversation_of_who_is_known_go_on()
    {
        Start(ASegmentASecond);
        var (flood, honest, direct) = (Chain(3, 12), Chain(4, 12), Chain(3, 30, conversation: Direct));
        Tell(1, flood[^1]);
        foreach (var segment in flood[..11])
            Push(1, segment);
        Assert.Single(Tell(2, honest[0]).OfType<ReplicatorOutput.SendWant>());
        Assert.Single(Push(2, honest[0]).OfType<ReplicatorOutput.Store>());
        Tell(2, direct[^1]);
        var outputs = direct.SelectMany(segment => Push(2, segment)).ToList();
        Assert.Equal(30, outputs.OfType<ReplicatorOutput.Store>().Count());
        Assert.Empty(outputs.OfType<ReplicatorOutput.SendUnwant>());
    }

    [Fact]
    public void A_stranger_is_bounded_until_the_owner_knows_it()
    {
        Start(ASegmentASecond);
        Handle(new ReplicatorInput.Bound(Direct, QuotaScope.Strangers));
        var log = Chain(3, 30, conversation: Direct);
        Tell(2, log[^1]);
        foreach (var segment in log[..11])
            Push(2, segment);
        Assert.Equal(log[10].Head, Assert.Single(Handle(new ReplicatorInput.Bound(Direct, QuotaScope.None)).OfType<ReplicatorOutput.SendWant>()).After);
        Assert.Equal(19, log[11..].SelectMany(segment => Push(2, segment)).OfType<ReplicatorOutput.Store>().Count());
    }

    [Fact]
    public void All_others_in_a_room_together_are_held_to_a_rate_and_told_apart_from_one_author()
    {
        Start(Limits with { AllRate = 60 * Weight });
        var (one, other) = (Chain(3, 10), Chain(4, 10));
        Tell(1, one[^1]);
        Tell(2, other[^1]);
        for (var index = 0; index < 5; index++)
        {
            Push(1, one[index]);
            Push(2, other[index]);
        }

        Assert.Equal(QuotaReason.AllRate, Assert.Single(Push(1, one[5]).OfType<ReplicatorOutput.QuotaReached>()).Reason);
        Assert.Single(Push(2, other[5]).OfType<ReplicatorOutput.SendUnwant>());
        now += TimeSpan.FromSeconds(4);
        Assert.Equal(2, Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>().Count());
    }

    [Fact]
    public void Of_an_author_who_has_written_enough_nothing_more_is_taken_until_something_is_erased()
    {
        Start(Limits with { AuthorBytes = 20 * Weight }, new AuthorWeight(Keys[3].PeerId, 18 * Weight));
        var log = Chain(3, 6);
        Tell(1, log[^1]);
        Assert.Single(Push(1, log[0]).OfType<ReplicatorOutput.Store>());
        Assert.Single(Push(1, log[1]).OfType<ReplicatorOutput.Store>());
        var outputs = Push(1, log[2]);
        Assert.Single(outputs.OfType<ReplicatorOutput.Release>());
        Assert.Equal(QuotaReason.AuthorBytes, Assert.Single(outputs.OfType<ReplicatorOutput.QuotaReached>()).Reason);
        Assert.Equal(RefuseReason.Quota, Assert.Single(outputs.OfType<ReplicatorOutput.SendRefuse>()).Reason);
        now += TimeSpan.FromHours(3);
        Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>());
        Assert.Empty(Handle(new ReplicatorInput.Freed(Room, Keys[3].PeerId, Weight)).OfType<ReplicatorOutput.SendWant>());
        Assert.Equal(log[1].Head, Assert.Single(Handle(new ReplicatorInput.Freed(Room, Keys[3].PeerId, Weight)).OfType<ReplicatorOutput.SendWant>()).After);
        Assert.Single(Push(1, log[2]).OfType<ReplicatorOutput.Store>());
    }

    [Fact]
    public void A_quota_that_the_owner_raises_lets_in_what_waited_at_once()
    {
        Start(Limits with { AuthorBytes = 2 * Weight });
        var log = Chain(3, 6);
        Tell(1, log[^1]);
        foreach (var segment in log[..3])
            Push(1, segment);
        Assert.Empty(Handle(new ReplicatorInput.Quotas(2 * Weight, null, null, null)).OfType<ReplicatorOutput.SendWant>());
        Assert.Equal(log[1].Head, Assert.Single(Handle(new ReplicatorInput.Quotas(4 * Weight, null, null, null)).OfType<ReplicatorOutput.SendWant>()).After);
        var outputs = log[2..].SelectMany(segment => Push(1, segment)).ToList();
        Assert.Equal(2, outputs.OfType<ReplicatorOutput.Store>().Count());
        Assert.Equal(log[3].Head, Assert.Single(Handle(new ReplicatorInput.Quotas(null, null, null, null)).OfType<ReplicatorOutput.SendWant>()).After);
    }

    [Fact]
    public void A_rate_that_the_owner_raises_shortens_the_pause_and_none_ends_it()
    {
        Start(ASegmentASecond);
        var log = Chain(3, 30);
        Tell(1, log[^1]);
        foreach (var segment in log[..21])
            Push(1, segment);

        // 21 seconds' worth at the old rate is 7 at three times that, of which ten may come at once.
        Assert.Equal(log[20].Head, Assert.Single(Handle(new ReplicatorInput.Quotas(null, null, 3 * 60 * Weight, null)).OfType<ReplicatorOutput.SendWant>()).After);
        foreach (var segment in log[21..])
            Push(1, segment);
        Assert.Empty(Handle(new ReplicatorInput.Quotas(null, null, 60 * Weight, null)).OfType<ReplicatorOutput.SendWant>());
    }

    [Fact]
    public void What_all_others_hold_counts_from_the_start_and_this_nodes_own_does_not()
    {
        Start(
            Limits with { AllBytes = 20 * Weight },
            new AuthorWeight(Keys[0].PeerId, 500 * Weight), new AuthorWeight(Keys[3].PeerId, 10 * Weight), new AuthorWeight(Keys[4].PeerId, 9 * Weight));
        var log = Chain(3, 3);
        Tell(1, log[^1]);
        Assert.Single(Push(1, log[0]).OfType<ReplicatorOutput.Store>());
        Assert.Equal(QuotaReason.AllBytes, Assert.Single(Push(1, log[1]).OfType<ReplicatorOutput.QuotaReached>()).Reason);
        Assert.Empty(Tell(2, Chain(2, 1)[0]).OfType<ReplicatorOutput.SendWant>());
    }

    /// <summary>L1: what a quota keeps away is told again on the next link.</summary>
    [Fact]
    public void L1_What_waits_for_a_quota_does_not_count_as_heard()
    {
        Start(ASegmentASecond);
        var log = Chain(3, 12);
        Tell(1, log[^1], through: 12);
        foreach (var segment in log[..11])
            Assert.Empty(Push(1, segment).OfType<ReplicatorOutput.HeardThrough>());
        Assert.Empty(Handle(new ReplicatorInput.LinkDown(new LinkId(2))).OfType<ReplicatorOutput.HeardThrough>());
        now += TimeSpan.FromSeconds(4);
        Handle(new ReplicatorInput.Tick());
        Assert.Equal(12ul, Assert.Single(Push(1, log[11]).OfType<ReplicatorOutput.HeardThrough>()).Position);
    }

    /// <summary>S5: a pause, however long, brings no later log before an earlier one.</summary>
    [Fact]
    public void S5_A_pause_longer_than_the_wait_for_a_predecessor_changes_no_order()
    {
        Start(ASegmentASecond with { QuotaPause = TimeSpan.FromSeconds(9) });
        var first = Chain(3, 16);
        var second = Chain(3, 1, epoch: 2, predecessor: first[^1]);
        Tell(1, first[^1]);
        Tell(1, second[0]);
        Assert.Single(Push(1, second[0]).OfType<ReplicatorOutput.Release>());
        foreach (var segment in first[..15])
            Push(1, segment);
        for (var second5 = 0; second5 < 2; second5++)
        {
            now += TimeSpan.FromSeconds(6);
            Assert.DoesNotContain(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>(), want => want.LogId == second[0].LogId);
        }

        now += TimeSpan.FromSeconds(2);
        Assert.Equal(first[0].LogId, Assert.Single(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>()).LogId);
        Assert.Contains(Push(1, first[15]).OfType<ReplicatorOutput.SendWant>(), want => want.LogId == second[0].LogId);
    }

    [Fact]
    public void What_the_store_did_not_take_does_not_count()
    {
        Start(Limits with { AuthorBytes = 2 * Weight });
        var log = Chain(3, 2);
        Tell(1, log[^1]);
        for (var attempt = 0; attempt < 5; attempt++)
        {
            Assert.Single(Push(1, log[0], stored: false).OfType<ReplicatorOutput.Store>());
            Handle(new ReplicatorInput.StoreFailed(log[0].LogId, log[0].Head, StoreFailure.Full));
            now += TimeSpan.FromSeconds(2);
            Handle(new ReplicatorInput.Tick());
        }

        Assert.Single(Push(1, log[0]).OfType<ReplicatorOutput.Store>());
    }

    /// <summary>V1: a peer that names logs of an author who is paused, and comes and goes, leaves nothing behind.</summary>
    [Fact]
    public void Logs_that_wait_are_forgotten_with_their_link()
    {
        Start(ASegmentASecond);
        var log = Chain(3, 11);
        Tell(1, log[^1]);
        foreach (var segment in log)
            Push(1, segment);
        var before = replicator.Count();
        for (var epoch = 100ul; epoch < 110; epoch++)
            Tell(2, Chain(3, 1, epoch)[0]);
        Assert.Equal(before.Waiting + 11, replicator.Count().Waiting);
        Handle(new ReplicatorInput.LinkDown(new LinkId(2)));
        Assert.Equal(before.Logs, replicator.Count().Logs);
        Assert.InRange(replicator.Count().Waiting, 0, before.Waiting);
    }

    private void Start(ReplicatorLimits limits, params AuthorWeight[] weights)
    {
        replicator = new Replicator(Keys[0].PeerId, limits, 0);
        Handle(new ReplicatorInput.Bound(Room, QuotaScope.Room));
        foreach (var link in new[] { 1, 2 })
        {
            replicator.Handle(
                now, [new ReplicatorInput.LinkUp(new LinkId(link), Keys[link].PeerId, 1, 0, 0), new ReplicatorInput.Sharing(new LinkId(link), Room, null, true)], []);
        }

        Handle(new ReplicatorInput.Sharing(new LinkId(2), Direct, null, true));
        Handle(new ReplicatorInput.HeadsLoaded(Room, [], null, weights));
        Handle(new ReplicatorInput.HeadsLoaded(Direct, [], null));
    }

    private static List<SegmentHeader> Chain(
        int author, int count, ulong epoch = 1, ConversationId? conversation = null, SegmentHeader? predecessor = null)
    {
        var log = new LogKey(conversation ?? Room, Keys[author].PeerId, epoch);
        var opening = new Protocol.Opening();
        if (predecessor is not null)
        {
            opening.PredecessorEpoch = predecessor.Log.Epoch;
            opening.PredecessorHead = SegmentCodec.Write(predecessor.Head);
        }

        var encoded = Google.Protobuf.MessageExtensions.ToByteArray(opening);
        List<SegmentHeader> chain = [SegmentHeader.Sign(Keys[author], log, log.ToLogId().Empty, 1, new byte[Weight - LogLimits.HeaderWeight - encoded.Length], encoded)];
        while (chain.Count < count)
            chain.Add(SegmentHeader.Sign(Keys[author], log, chain[^1].Head, 1, new byte[Weight - LogLimits.HeaderWeight], []));
        return chain;
    }

    private List<ReplicatorOutput> Tell(int link, SegmentHeader last, ulong? through = null) =>
        Handle(new ReplicatorInput.Have(new LinkId(link), [new LogHead(last.Log, last.LogId, last.Head)], through));

    /// <summary>A segment comes, and is on disk at once if it goes to the store.</summary>
    private List<ReplicatorOutput> Push(int link, SegmentHeader segment, bool stored = true)
    {
        var outputs = Handle(new ReplicatorInput.Segment(new LinkId(link), segment, new Body()));
        if (stored && outputs.OfType<ReplicatorOutput.Store>().Any())
            outputs.AddRange(Handle(new ReplicatorInput.Stored(segment.Log, segment.LogId, segment.Head, positions[segment.LogId] = (ulong)positions.Count + 100)));
        return outputs;
    }

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(now, input, outputs);
        return outputs;
    }

    private sealed class Body : BodyHandle;
}
