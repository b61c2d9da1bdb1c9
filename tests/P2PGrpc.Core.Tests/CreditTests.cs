using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>V1: nobody may send more than credit was given for, so received bodies take bounded memory.</summary>
public sealed class CreditTests
{
    private static readonly IdentityKey Self = IdentityKey.FromSeed(new byte[32]);
    private static readonly IdentityKey Author = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)1, 32)]);
    private static readonly ConversationId Conversation = ConversationId.Direct(Self.PeerId, Author.PeerId);
    private static readonly LogKey Log = new(Conversation, Author.PeerId, 1);
    private static readonly LinkId Link = new(1);

    private readonly Replicator replicator = new(Self.PeerId, new ReplicatorLimits { LinkCredit = 1000, FirstCredit = 1000, CreditBudget = 1000 }, 0);

    public CreditTests()
    {
        Handle(new ReplicatorInput.LinkUp(Link, Author.PeerId, 1, 0, 0));
        Handle(new ReplicatorInput.Sharing(Link, Conversation, null, true));
        Handle(new ReplicatorInput.HeadsLoaded(Conversation, [], null));
    }

    private sealed class Body : BodyHandle;

    [Fact]
    public void A_link_that_sends_more_than_it_was_given_is_closed_and_nothing_of_it_is_stored()
    {
        var first = Sign(Log.ToLogId().Empty, 500);
        var second = Sign(first.Head, 500);
        var outputs = Handle(new ReplicatorInput.Have(Link, [new LogHead(Log, Log.ToLogId(), second.Head)], null));
        Assert.Equal(1000, Assert.Single(outputs.OfType<ReplicatorOutput.SendCredit>()).Bytes);
        Assert.Single(Push(first).OfType<ReplicatorOutput.Store>());

        outputs = Push(second);

        Assert.Equal(CloseReason.CreditOverrun, Assert.Single(outputs.OfType<ReplicatorOutput.Close>()).Reason);
        Assert.Empty(outputs.OfType<ReplicatorOutput.Store>());
        Assert.Single(outputs.OfType<ReplicatorOutput.Release>());
    }

    [Fact]
    public void Without_a_Want_there_is_no_credit_at_all()
    {
        var outputs = Push(Sign(Log.ToLogId().Empty, 1));
        Assert.Equal(CloseReason.CreditOverrun, Assert.Single(outputs.OfType<ReplicatorOutput.Close>()).Reason);
    }

    private static SegmentHeader Sign(Head after, int length) => SegmentHeader.Sign(Author, Log, after, 1, new byte[length], []);

    private List<ReplicatorOutput> Push(SegmentHeader header) => Handle(new ReplicatorInput.Segment(Link, header, new Body()));

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(TimeSpan.FromSeconds(1), input, outputs);
        return outputs;
    }
}
