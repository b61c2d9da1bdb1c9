using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Tests;

/// <summary>D6: what is damaged here is fetched again from a neighbour that holds it.</summary>
public sealed class RepairTests
{
    private static readonly IdentityKey[] Keys = Enumerable.Range(1, 4).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray())).ToArray();
    private static readonly ConversationId Room = ConversationId.Direct(Keys[0].PeerId, Keys[0].PeerId);
    private static readonly LogKey Log = new(Room, Keys[3].PeerId, 1);
    private static readonly LogKey Own = new(Room, Keys[0].PeerId, 1);
    private static readonly SegmentHeader[] Chain = MakeChain(Keys[3], Log);
    private static readonly SegmentHeader[] OwnChain = MakeChain(Keys[0], Own);

    private static readonly TimeSpan Pause = new ReplicatorLimits().RepairRetry;

    private readonly Replicator replicator = new(Keys[0].PeerId, new ReplicatorLimits(), 0);
    private TimeSpan now = TimeSpan.FromSeconds(1);

    public RepairTests()
    {
        Join(1);
        Handle(new ReplicatorInput.HeadsLoaded(Room, [new StoredHead(Log, Log.ToLogId(), Chain[2].Head, 3, false)], null));
    }

    private sealed class Body : BodyHandle;

    [Fact]
    public void The_pusher_sends_the_damaged_segment_again_and_goes_on_where_it_was()
    {
        Assert.True(Assert.Single(Tell(1, Chain[3]).OfType<ReplicatorOutput.SendWant>()).Standing);
        var asked = Assert.Single(Damage(Chain[1]).OfType<ReplicatorOutput.SendWant>());
        Assert.Equal((Chain[0].Head, true), (asked.After, asked.Standing));

        var outputs = Push(1, Chain[1]);

        Assert.Equal(Chain[1], Assert.Single(outputs.OfType<ReplicatorOutput.Repair>()).Header);
        var back = Assert.Single(outputs.OfType<ReplicatorOutput.SendWant>());
        Assert.Equal((Chain[2].Head, true), (back.After, back.Standing));
        Assert.Single(Push(1, Chain[2]).OfType<ReplicatorOutput.Release>());
        Assert.Single(Push(1, Chain[3]).OfType<ReplicatorOutput.Store>());
    }

    [Fact]
    public void A_segment_of_our_own_comes_back_from_who_holds_it()
    {
        foreach (var header in OwnChain[..2])
            Handle(new ReplicatorInput.Appended(Own, Own.ToLogId(), header.Head, header.LastSequence));
        var asked = Assert.Single(Damage(OwnChain[0]).OfType<ReplicatorOutput.SendWant>());
        Assert.Equal((Own.ToLogId(), Own.ToLogId().Empty, false), (asked.LogId, asked.After, asked.Standing));

        var outputs = Push(1, OwnChain[0]);

        Assert.Single(outputs.OfType<ReplicatorOutput.Repair>());
        Assert.Equal(Own.ToLogId(), Assert.Single(outputs.OfType<ReplicatorOutput.SendUnwant>()).LogId);
    }

    [Fact]
    public void Another_neighbour_is_asked_when_the_first_has_nothing_leaves_or_says_nothing()
    {
        Join(2);
        Join(3);
        Assert.Equal(1, LinkAsked(Damage(Chain[1])));
        Assert.Equal(2, LinkAsked(Handle(new ReplicatorInput.Refuse(new LinkId(1), Log.ToLogId(), RefuseReason.Unknown))));
        Assert.Equal(3, LinkAsked(Handle(new ReplicatorInput.LinkDown(new LinkId(2)))));
        now += new ReplicatorLimits().RepairTime;
        Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>());
        Assert.Equal(4, LinkAsked(Join(4)));
        Assert.Single(Push(4, Chain[1]).OfType<ReplicatorOutput.Repair>());
    }

    [Fact]
    public void One_place_of_a_log_is_repaired_at_a_time_and_the_next_one_after_it()
    {
        Damage(Chain[1]);
        Assert.Empty(Damage(Chain[2]));
        Push(1, Chain[1]);
        Handle(new ReplicatorInput.Repaired(Log.ToLogId(), Chain[1].Head, null));
        Assert.Equal(1, LinkAsked(Damage(Chain[2])));
    }

    [Fact]
    public void Damage_met_again_is_asked_for_again()
    {
        Assert.Equal(1, LinkAsked(Damage(Chain[1])));
        Assert.Empty(Handle(new ReplicatorInput.Refuse(new LinkId(1), Log.ToLogId(), RefuseReason.Unknown)).OfType<ReplicatorOutput.SendWant>());
        Assert.Equal(1, LinkAsked(Damage(Chain[1])));
        Assert.Single(Push(1, Chain[1]).OfType<ReplicatorOutput.Repair>());
    }

    /// <summary>A link has one Want of a log: what makes the neighbour the pusher meanwhile must not take the repair's place.</summary>
    [Fact]
    public void A_repair_that_was_asked_for_is_not_lost_when_its_link_becomes_the_pusher()
    {
        Assert.False(Assert.Single(Damage(Chain[1]).OfType<ReplicatorOutput.SendWant>()).Standing);
        var wanted = Assert.Single(Tell(1, Chain[3]).OfType<ReplicatorOutput.SendWant>());
        Assert.Equal((Chain[0].Head, true), (wanted.After, wanted.Standing));
        Assert.Single(Push(1, Chain[1]).OfType<ReplicatorOutput.Repair>());
    }

    /// <summary>Who was refused because of the damage is told again, and asks again.</summary>
    [Fact]
    public void After_the_repair_those_behind_are_told()
    {
        Join(2);
        Handle(new ReplicatorInput.Credit(new LinkId(2), 100_000));
        Assert.Single(Handle(new ReplicatorInput.Want(new LinkId(2), Log.ToLogId(), Chain[0].Head, true)).OfType<ReplicatorOutput.Load>());
        var refused = Handle(new ReplicatorInput.Loaded(new LinkId(2), Log.ToLogId(), new LoadResult.Damaged()));
        Assert.Equal(RefuseReason.Damaged, Assert.Single(refused.OfType<ReplicatorOutput.SendRefuse>()).Reason);
        Damage(Chain[1]);
        Push(1, Chain[1]);

        var outputs = Handle(new ReplicatorInput.Repaired(Log.ToLogId(), Chain[1].Head, null));

        Assert.Contains(outputs.OfType<ReplicatorOutput.SendHave>(), have => have.Link == new LinkId(2) && have.Logs[0].Head == Chain[2].Head);
    }

    /// <summary>Nobody may ever read the place again here: the store's refusal must not be the end of it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_repair_that_the_store_did_not_take_is_tried_again_after_a_pause(bool halted)
    {
        Damage(Chain[1]);
        Push(1, Chain[1]);
        for (var tries = 0; tries < 3; tries++)
        {
            Assert.Empty(Repaired(halted ? StoreFailure.Halted : StoreFailure.Full).OfType<ReplicatorOutput.SendWant>());
            now += Pause - TimeSpan.FromMilliseconds(1);
            Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>());
            now += TimeSpan.FromMilliseconds(1);
            Assert.Equal(1, LinkAsked(Handle(new ReplicatorInput.Tick())));
            Assert.Single(Push(1, Chain[1]).OfType<ReplicatorOutput.Repair>());
        }

        Repaired(null);
        AssertOver();
    }

    /// <summary>In a direct conversation there is nobody else to ask, and who was slow once may have it all the same.</summary>
    [Fact]
    public void Where_the_only_neighbour_takes_too_long_it_is_asked_again_after_a_pause()
    {
        Assert.Equal(1, LinkAsked(Damage(Chain[1])));
        now += new ReplicatorLimits().RepairTime;
        Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>());
        now += Pause;
        Assert.Equal(1, LinkAsked(Handle(new ReplicatorInput.Tick())));
        Assert.Single(Push(1, Chain[1]).OfType<ReplicatorOutput.Repair>());
    }

    /// <summary>What does not belong there will not do so later: asking on would fetch it for ever.</summary>
    [Fact]
    public void A_repair_with_a_segment_that_does_not_belong_there_ends()
    {
        Damage(Chain[1]);
        Push(1, Chain[1]);
        Repaired(StoreFailure.Mismatch);
        AssertOver();
    }

    /// <summary>S4: of a log that forked, the first neighbour may hold the other branch, each time.</summary>
    [Fact]
    public void Who_gave_another_segment_than_the_damaged_one_is_not_the_last_to_be_asked()
    {
        Join(2);
        var rival = SegmentHeader.Sign(Keys[3], Log, Chain[0].Head, 1, [9], []);
        Assert.Equal(1, LinkAsked(Damage(Chain[1])));
        Assert.Single(Push(1, rival).OfType<ReplicatorOutput.Repair>());
        Assert.Equal(2, LinkAsked(Handle(new ReplicatorInput.Repaired(Log.ToLogId(), rival.Head, StoreFailure.Mismatch))));
        Assert.Single(Push(2, Chain[1]).OfType<ReplicatorOutput.Repair>());
        Repaired(null);
        AssertOver();
    }

    [Fact]
    public void What_nobody_was_asked_for_is_not_stored_twice()
    {
        Tell(1, Chain[3]);
        Assert.Empty(Push(1, Chain[1]).OfType<ReplicatorOutput.Repair>());
        Damage(Chain[2]);
        Assert.Empty(Push(1, Chain[1]).OfType<ReplicatorOutput.Repair>());
    }

    private static SegmentHeader[] MakeChain(IdentityKey author, LogKey log)
    {
        var chain = new SegmentHeader[4];
        var head = log.ToLogId().Empty;
        for (byte index = 0; index < chain.Length; index++)
        {
            chain[index] = SegmentHeader.Sign(author, log, head, 1, [index], []);
            head = chain[index].Head;
        }

        return chain;
    }

    private static long LinkAsked(List<ReplicatorOutput> outputs) => Assert.Single(outputs.OfType<ReplicatorOutput.SendWant>()).Link.Value;

    private List<ReplicatorOutput> Join(int link)
    {
        Handle(new ReplicatorInput.LinkUp(new LinkId(link), Keys[1].PeerId, 1, 0, 0));
        var outputs = Handle(new ReplicatorInput.Sharing(new LinkId(link), Room, null, true));
        return outputs;
    }

    private void AssertOver()
    {
        now += Pause * 10;
        Assert.Empty(Handle(new ReplicatorInput.Tick()));
    }

    private List<ReplicatorOutput> Repaired(StoreFailure? failure) => Handle(new ReplicatorInput.Repaired(Log.ToLogId(), Chain[1].Head, failure));

    private List<ReplicatorOutput> Damage(SegmentHeader header) => Handle(new ReplicatorInput.Damaged(header.Log, header.LogId, header.After));

    private List<ReplicatorOutput> Tell(int link, SegmentHeader header) =>
        Handle(new ReplicatorInput.Have(new LinkId(link), [new LogHead(header.Log, header.LogId, header.Head)], null));

    private List<ReplicatorOutput> Push(int link, SegmentHeader header) => Handle(new ReplicatorInput.Segment(new LinkId(link), header, new Body()));

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(now, input, outputs);
        return outputs;
    }
}
