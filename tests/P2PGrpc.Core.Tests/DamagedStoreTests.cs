using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Tests;

/// <summary>L1: a store in which something is damaged keeps what depends on it, and nothing else.</summary>
public sealed class DamagedStoreTests
{
    private static readonly IdentityKey Self = IdentityKey.FromSeed(new byte[32]);
    private static readonly IdentityKey Author = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)1, 32)]);
    private static readonly ConversationId Direct = ConversationId.Direct(Self.PeerId, Author.PeerId);
    private static readonly LogKey Log = new(Direct, Author.PeerId, 1);
    private static readonly LinkId Link = new(1);

    private readonly ReplicatorLimits limits = new();
    private readonly Replicator replicator = new(Self.PeerId, new ReplicatorLimits(), 0);
    private TimeSpan now = TimeSpan.FromSeconds(1);

    private sealed class Body : BodyHandle;

    [Fact]
    public void L1_Heads_that_could_not_be_read_are_read_again_after_a_while_and_the_link_stays()
    {
        Handle(new ReplicatorInput.LinkUp(Link, Author.PeerId, 1, 0, 0));
        Assert.Single(Handle(new ReplicatorInput.Sharing(Link, Direct, null, true)).OfType<ReplicatorOutput.LoadHeads>());
        var failed = Handle(new ReplicatorInput.HeadsFailed(Direct));
        Assert.Equal(now + limits.HeadsRetry, Assert.Single(failed.OfType<ReplicatorOutput.WakeAt>()).Time);
        Assert.Empty(failed.OfType<ReplicatorOutput.Close>());
        now += limits.HeadsRetry;
        Assert.Single(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.LoadHeads>());
        Handle(new ReplicatorInput.HeadsFailed(Direct));
        Handle(new ReplicatorInput.LinkDown(Link));
        now += limits.HeadsRetry;
        Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.LoadHeads>());
    }

    [Fact]
    public void L1_A_log_that_does_not_fit_what_is_on_disk_is_given_up_and_not_asked_for_for_ever()
    {
        Handle(new ReplicatorInput.LinkUp(Link, Author.PeerId, 1, 0, 0));
        Handle(new ReplicatorInput.Sharing(Link, Direct, null, true));
        Handle(new ReplicatorInput.HeadsLoaded(Direct, [], null));
        var first = SegmentHeader.Sign(Author, Log, Log.ToLogId().Empty, 1, [1], []);
        var outputs = Handle(new ReplicatorInput.Have(Link, [new LogHead(Log, first.LogId, first.Head)], null));
        var wants = 0;
        for (var times = 0; times < 100 && outputs.OfType<ReplicatorOutput.SendWant>().Any(); times++)
        {
            wants++;
            Assert.Single(Handle(new ReplicatorInput.Segment(Link, first, new Body())).OfType<ReplicatorOutput.Store>());
            outputs = Handle(new ReplicatorInput.StoreFailed(first.LogId, first.Head, StoreFailure.Mismatch));
        }

        Assert.Equal(limits.Mismatches, wants);
        Assert.Equal(RefuseReason.Frozen, Assert.Single(outputs.OfType<ReplicatorOutput.SendRefuse>()).Reason);
    }

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(now, input, outputs);
        return outputs;
    }
}
