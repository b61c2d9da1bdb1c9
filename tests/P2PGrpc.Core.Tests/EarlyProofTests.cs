using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>S4: what was written before a fork stays to be had.</summary>
public sealed class EarlyProofTests
{
    private static readonly IdentityKey[] Keys = Enumerable.Range(1, 3).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray())).ToArray();
    private static readonly ConversationId Room = ConversationId.Direct(Keys[0].PeerId, Keys[0].PeerId);
    private static readonly LogKey Log = new(Room, Keys[2].PeerId, 1);
    private static readonly LinkId Link = new(1);

    private readonly Replicator replicator = new(Keys[0].PeerId, new ReplicatorLimits(), 0);
    private TimeSpan now = TimeSpan.FromSeconds(1);

    /// <summary>The store may fail what is with it, and nothing comes after a freeze.</summary>
    [Fact]
    public void S4_A_proof_waits_until_what_came_before_the_fork_is_on_disk()
    {
        Handle(new ReplicatorInput.LinkUp(Link, Keys[1].PeerId, 1, 0, 0));
        Handle(new ReplicatorInput.Sharing(Link, Room, null, true));
        Handle(new ReplicatorInput.HeadsLoaded(Room, [], null));
        var first = Sign(Log.ToLogId().Empty, 0);
        var second = Sign(first.Head, 0);
        var (one, other) = (Sign(second.Head, 1), Sign(second.Head, 2));
        Handle(new ReplicatorInput.Have(Link, [new LogHead(Log, Log.ToLogId(), one.Head)], null));
        Push(first, second);
        Assert.Empty(Handle(new ReplicatorInput.ForkProof(Link, one, other)).OfType<ReplicatorOutput.Freeze>());
        Assert.Empty(Handle(new ReplicatorInput.StoreFailed(Log.ToLogId(), first.Head, StoreFailure.Full)).OfType<ReplicatorOutput.Freeze>());
        Assert.Empty(Handle(new ReplicatorInput.StoreFailed(Log.ToLogId(), second.Head, StoreFailure.Full)).OfType<ReplicatorOutput.Freeze>());

        now += TimeSpan.FromSeconds(2);
        Assert.Single(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>());
        Push(first, second);
        Assert.Empty(Handle(new ReplicatorInput.Stored(Log, Log.ToLogId(), first.Head, 1)).OfType<ReplicatorOutput.Freeze>());
        Assert.Single(Handle(new ReplicatorInput.Stored(Log, Log.ToLogId(), second.Head, 2)).OfType<ReplicatorOutput.Freeze>());
    }

    private static SegmentHeader Sign(Head after, byte mark) => SegmentHeader.Sign(Keys[2], Log, after, 1, [mark], []);

    private void Push(params SegmentHeader[] segments)
    {
        foreach (var segment in segments)
            Assert.Single(Handle(new ReplicatorInput.Segment(Link, segment, new Body())).OfType<ReplicatorOutput.Store>());
    }

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(now, input, outputs);
        return outputs;
    }

    private sealed class Body : BodyHandle;
}
