using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>Who is asked for a log when several neighbours have it.</summary>
public sealed class PusherTests
{
    private static readonly IdentityKey[] Keys = Enumerable.Range(1, 4).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray())).ToArray();
    private static readonly ConversationId Room = ConversationId.Direct(Keys[0].PeerId, Keys[0].PeerId);
    private static readonly LogKey Log = new(Room, Keys[3].PeerId, 1);
    private static readonly SegmentHeader First = SegmentHeader.Sign(Keys[3], Log, Log.ToLogId().Empty, 1, [1], []);
    private static readonly SegmentHeader Second = SegmentHeader.Sign(Keys[3], Log, First.Head, 1, [2], []);

    private readonly Replicator replicator = new(Keys[0].PeerId, new ReplicatorLimits(), 0);
    private TimeSpan now = TimeSpan.FromSeconds(1);

    public PusherTests()
    {
        foreach (var link in new[] { 1, 2 })
        {
            Handle(new ReplicatorInput.LinkUp(new LinkId(link), Keys[link].PeerId, 1, 0, 0));
            Handle(new ReplicatorInput.Sharing(new LinkId(link), Room, null, true));
        }

        Handle(new ReplicatorInput.HeadsLoaded(Room, [], null));
    }

    private sealed class Body : BodyHandle;

    [Fact]
    public void Only_one_of_two_neighbours_is_asked()
    {
        Assert.Single(Tell(1, First).OfType<ReplicatorOutput.SendWant>());
        Assert.Empty(Tell(2, First).OfType<ReplicatorOutput.SendWant>());
    }

    [Fact]
    public void A_pusher_that_stands_still_is_changed_after_half_a_second()
    {
        Tell(1, First);
        var wake = Assert.Single(Tell(2, First).OfType<ReplicatorOutput.WakeAt>());
        Assert.Equal(now + TimeSpan.FromMilliseconds(500), wake.Time);
        now = wake.Time - TimeSpan.FromMilliseconds(1);
        Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>());
        now = wake.Time;
        var outputs = Handle(new ReplicatorInput.Tick());
        Assert.Equal(new LinkId(1), Assert.Single(outputs.OfType<ReplicatorOutput.SendUnwant>()).Link);
        Assert.Equal(new LinkId(2), Assert.Single(outputs.OfType<ReplicatorOutput.SendWant>()).Link);
    }

    [Fact]
    public void A_pusher_that_moves_is_kept()
    {
        Tell(1, Second);
        Tell(2, Second);
        now += TimeSpan.FromMilliseconds(400);
        Push(1, First);
        Handle(new ReplicatorInput.Stored(Log, Log.ToLogId(), First.Head, 1));
        now += TimeSpan.FromMilliseconds(200);
        Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendUnwant>());
        now += TimeSpan.FromMilliseconds(301);
        Assert.Single(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendUnwant>());
    }

    /// <summary>L1: a member that always has something of its own with the store could withhold another author's log for ever.</summary>
    [Fact]
    public void A_pusher_that_stands_still_is_changed_whatever_the_store_has_of_another_log()
    {
        var other = new LogKey(Room, Keys[1].PeerId, 1);
        var header = SegmentHeader.Sign(Keys[1], other, other.ToLogId().Empty, 1, [1], []);
        Tell(1, header);
        Assert.Single(Push(1, header).OfType<ReplicatorOutput.Store>());
        Tell(1, First);
        Tell(2, First);
        now += TimeSpan.FromMilliseconds(501);
        var outputs = Handle(new ReplicatorInput.Tick());
        Assert.Equal(new LinkId(1), Assert.Single(outputs.OfType<ReplicatorOutput.SendUnwant>()).Link);
        Assert.Equal(new LinkId(2), Assert.Single(outputs.OfType<ReplicatorOutput.SendWant>()).Link);
    }

    [Fact]
    public void A_pusher_whose_segments_the_store_still_has_is_kept_for_a_quarter_of_a_minute_at_most()
    {
        Tell(1, Second);
        Tell(2, Second);
        Push(1, First);
        var began = now;
        for (; now < began + TimeSpan.FromSeconds(14); now += TimeSpan.FromMilliseconds(100))
            Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendUnwant>());
        var changes = 0;
        for (; now < began + TimeSpan.FromSeconds(18); now += TimeSpan.FromMilliseconds(100))
            changes += Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendUnwant>().Count();
        Assert.InRange(changes, 1, 3);
    }

    /// <summary>L1: over links slower than the stall rule's patience, what the first neighbour sent is still taken.</summary>
    [Fact]
    public void What_a_former_pusher_sent_is_still_stored()
    {
        Tell(1, First);
        Tell(2, First);
        now += TimeSpan.FromSeconds(1);
        Handle(new ReplicatorInput.Tick());
        Assert.Single(Push(1, First).OfType<ReplicatorOutput.Store>());
        Assert.Single(Push(2, First).OfType<ReplicatorOutput.Release>());
    }

    [Fact]
    public void When_the_pushers_link_breaks_the_other_is_asked_from_where_we_are()
    {
        Tell(1, Second);
        Tell(2, Second);
        Push(1, First);
        var want = Assert.Single(Handle(new ReplicatorInput.LinkDown(new LinkId(1))).OfType<ReplicatorOutput.SendWant>());
        Assert.Equal((new LinkId(2), First.Head), (want.Link, want.After));
    }

    [Fact]
    public void A_neighbour_that_refused_is_asked_again_only_when_it_tells_again()
    {
        Tell(1, First);
        Assert.Empty(Handle(new ReplicatorInput.Refuse(new LinkId(1), Log.ToLogId(), Protocol.RefuseReason.Damaged)));
        Assert.DoesNotContain(Tell(2, Second).OfType<ReplicatorOutput.SendWant>(), want => want.Link == new LinkId(1));
        Handle(new ReplicatorInput.LinkDown(new LinkId(2)));
        Assert.Single(Tell(1, First).OfType<ReplicatorOutput.SendWant>());
    }

    [Fact]
    public void A_gap_is_asked_for_once_however_often_it_shows()
    {
        Tell(1, Second);
        var outputs = Push(1, Second);
        Assert.Single(outputs.OfType<ReplicatorOutput.Release>());
        Assert.Equal(Log.ToLogId().Empty, Assert.Single(outputs.OfType<ReplicatorOutput.SendWant>()).After);
        Assert.Empty(Push(1, Second).OfType<ReplicatorOutput.SendWant>());
        Assert.Single(Push(1, First).OfType<ReplicatorOutput.Store>());
        Assert.Single(Push(1, Second).OfType<ReplicatorOutput.Store>());
    }

    [Fact]
    public void Inputs_that_came_together_are_acknowledged_in_one_frame()
    {
        Tell(1, Second);
        Push(1, First);
        Push(1, Second);
        var outputs = new List<ReplicatorOutput>();
        ReplicatorInput[] stored =
        [
            new ReplicatorInput.Stored(Log, Log.ToLogId(), First.Head, 1), new ReplicatorInput.Stored(Log, Log.ToLogId(), Second.Head, 2),
        ];
        replicator.Handle(now, stored, outputs);
        var have = Assert.Single(outputs.OfType<ReplicatorOutput.SendHave>(), one => one.Link == new LinkId(1));
        Assert.Equal(Second.Head, Assert.Single(have.Logs).Head);
    }

    [Fact]
    public void A_position_that_this_feed_never_reached_counts_as_nothing_told()
    {
        var own = new LogKey(Room, Keys[0].PeerId, 1);
        var header = SegmentHeader.Sign(Keys[0], own, own.ToLogId().Empty, 1, [1], []);
        Handle(new ReplicatorInput.Appended(own, own.ToLogId(), header.Head, 1));
        Handle(new ReplicatorInput.LinkUp(new LinkId(3), Keys[3].PeerId, 1, 0, 50));
        Assert.Single(Handle(new ReplicatorInput.Sharing(new LinkId(3), Room, null, true)).OfType<ReplicatorOutput.SendHave>());
    }

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
