using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Tests;

/// <summary>What the owner does not want is not taken, and comes when it is wanted again.</summary>
public sealed class InterestTests
{
    private static readonly IdentityKey[] Keys = Enumerable.Range(1, 4).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray())).ToArray();
    private static readonly ConversationId Room = ConversationId.Direct(Keys[0].PeerId, Keys[0].PeerId);
    private static readonly ConversationId OtherRoom = ConversationId.Direct(Keys[1].PeerId, Keys[1].PeerId);
    private static readonly PeerId Muted = Keys[2].PeerId;
    private static readonly PeerId Other = Keys[3].PeerId;

    private readonly Replicator replicator = new(Keys[0].PeerId, new ReplicatorLimits { LinkCredit = 512 * 1024 }, 0);

    public InterestTests()
    {
        foreach (var link in new[] { 1, 2 })
            Handle(new ReplicatorInput.LinkUp(new LinkId(link), Keys[link].PeerId, 1, 0, 0));
        Handle(new ReplicatorInput.Sharing(new LinkId(1), Room, null, true));
        Handle(new ReplicatorInput.Sharing(new LinkId(1), OtherRoom, null, true));
        Handle(new ReplicatorInput.Sharing(new LinkId(2), OtherRoom, null, true));
        Handle(new ReplicatorInput.HeadsLoaded(Room, [], null));
        Handle(new ReplicatorInput.HeadsLoaded(OtherRoom, [], null));
    }

    [Fact]
    public void A_muted_author_is_refused_in_that_room_and_nowhere_else()
    {
        Handle(new ReplicatorInput.Interest(Room, Muted, false));
        Assert.Equal(RefuseReason.Unwanted, Assert.Single(Tell(Room, Muted).OfType<ReplicatorOutput.SendRefuse>()).Reason);
        Assert.Single(Tell(Room, Other).OfType<ReplicatorOutput.SendWant>());
        Assert.Single(Tell(OtherRoom, Muted).OfType<ReplicatorOutput.SendWant>());
    }

    [Fact]
    public void An_author_who_is_unwanted_everywhere_is_refused_in_each_conversation_also_in_later_ones()
    {
        var later = ConversationId.Direct(Keys[3].PeerId, Keys[3].PeerId);
        Handle(new ReplicatorInput.Interest(null, Muted, false));
        Handle(new ReplicatorInput.Sharing(new LinkId(1), later, null, true));
        Handle(new ReplicatorInput.HeadsLoaded(later, [], null));
        foreach (var conversation in new[] { Room, OtherRoom, later })
        {
            Assert.Equal(RefuseReason.Unwanted, Assert.Single(Tell(conversation, Muted).OfType<ReplicatorOutput.SendRefuse>()).Reason);
            Assert.Single(Tell(conversation, Other).OfType<ReplicatorOutput.SendWant>());
        }
    }

    [Fact]
    public void What_is_muted_while_it_comes_is_not_asked_for_any_more_and_its_credit_is_given_back()
    {
        var log = new LogKey(Room, Muted, 1);
        var segment = SegmentHeader.Sign(Keys[2], log, log.ToLogId().Empty, 1, new byte[100_000], []);
        Tell(Room, Muted);
        var outputs = Handle(new ReplicatorInput.Interest(Room, Muted, false));
        Assert.Single(outputs.OfType<ReplicatorOutput.SendUnwant>());
        Assert.Equal(RefuseReason.Unwanted, Assert.Single(outputs.OfType<ReplicatorOutput.SendRefuse>()).Reason);
        outputs = Handle(new ReplicatorInput.Segment(new LinkId(1), segment, new Body()));
        Assert.Single(outputs.OfType<ReplicatorOutput.Release>());
        Assert.Equal(segment.Weight, Assert.Single(outputs.OfType<ReplicatorOutput.SendCredit>()).Bytes);
        Assert.Empty(Tell(Room, Muted, sequence: 2).OfType<ReplicatorOutput.SendRefuse>());
    }

    /// <summary>L1: what was told meanwhile counts as heard and is not here.</summary>
    [Fact]
    public void L1_What_is_wanted_again_is_told_anew_on_the_next_link()
    {
        Handle(new ReplicatorInput.Interest(Room, Muted, false));
        Assert.Empty(Handle(new ReplicatorInput.Interest(Room, Other, true)));
        var outputs = Handle(new ReplicatorInput.Interest(Room, Muted, true));
        Assert.Single(outputs.OfType<ReplicatorOutput.ForgetHeard>());
        var closed = Assert.Single(outputs.OfType<ReplicatorOutput.Close>());
        Assert.Equal((new LinkId(1), CloseReason.WantedAgain), (closed.Link, closed.Reason));
        Assert.Empty(Handle(new ReplicatorInput.Interest(Room, Muted, true)));
        Handle(new ReplicatorInput.LinkUp(new LinkId(3), Keys[1].PeerId, 1, 0, 0));
        Handle(new ReplicatorInput.Sharing(new LinkId(3), Room, null, true));
        Assert.Single(Tell(Room, Muted, link: 3).OfType<ReplicatorOutput.SendWant>());
    }

    [Fact]
    public void Of_what_is_wanted_everywhere_again_every_link_is_told_anew()
    {
        Handle(new ReplicatorInput.Interest(null, Muted, false));
        // Who exchanges a conversation with this node in which the author has no place is not touched.
        var direct = ConversationId.Direct(Keys[0].PeerId, Other);
        Handle(new ReplicatorInput.LinkUp(new LinkId(3), Other, 1, 0, 0));
        Handle(new ReplicatorInput.Sharing(new LinkId(3), direct, new HashSet<PeerId> { Keys[0].PeerId, Other }, true));
        var outputs = Handle(new ReplicatorInput.Interest(null, Muted, true));
        Assert.Equal([1, 2], outputs.OfType<ReplicatorOutput.Close>().Select(close => close.Link.Value).Order());
        Assert.Single(outputs.OfType<ReplicatorOutput.ForgetHeard>());
    }

    private sealed class Body : BodyHandle;

    private List<ReplicatorOutput> Tell(ConversationId conversation, PeerId author, int link = 1, ulong sequence = 1)
    {
        var log = new LogKey(conversation, author, 1);
        return Handle(new ReplicatorInput.Have(new LinkId(link), [new LogHead(log, log.ToLogId(), new Head(sequence, log.ToLogId().Value))], null));
    }

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(TimeSpan.FromSeconds(1), input, outputs);
        return outputs;
    }
}
