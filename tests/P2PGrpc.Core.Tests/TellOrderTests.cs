using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>What an author wrote before a restart is told before what it wrote after it (S5).</summary>
public sealed class TellOrderTests
{
    private static readonly IdentityKey Self = IdentityKey.FromSeed(Enumerable.Repeat((byte)1, 32).ToArray());
    private static readonly IdentityKey Other = IdentityKey.FromSeed(Enumerable.Repeat((byte)2, 32).ToArray());
    private static readonly ConversationId Direct = ConversationId.Direct(Self.PeerId, Other.PeerId);
    private static readonly LogKey Before = new(Direct, Self.PeerId, 1);
    private static readonly LogKey After = new(Direct, Self.PeerId, 2);

    private readonly Replicator replicator = new(Self.PeerId, new ReplicatorLimits(), 1);
    private TimeSpan now = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_message_that_is_sent_while_the_heads_are_loaded_does_not_overtake_those_of_the_process_before()
    {
        var old = SegmentHeader.Sign(Self, Before, Before.ToLogId().Empty, 1, [1], []);
        var young = SegmentHeader.Sign(Self, After, After.ToLogId().Empty, 1, [2], []);
        Handle(new ReplicatorInput.LinkUp(new LinkId(1), Other.PeerId, 1, 0, 0));
        Assert.Single(Handle(new ReplicatorInput.Sharing(new LinkId(1), Direct, null, true)).OfType<ReplicatorOutput.LoadHeads>());

        var early = Handle(new ReplicatorInput.Appended(After, After.ToLogId(), young.Head, 2));
        now += TimeSpan.FromSeconds(1);
        var later = Handle(new ReplicatorInput.Tick());
        var loaded = Handle(new ReplicatorInput.HeadsLoaded(
            Direct,
            [
                new StoredHead(After, After.ToLogId(), young.Head, 2, false),
                new StoredHead(Before, Before.ToLogId(), old.Head, 1, false),
            ],
            null));

        Assert.Empty(early.Concat(later).OfType<ReplicatorOutput.SendHave>());
        var told = Assert.Single(loaded.OfType<ReplicatorOutput.SendHave>());
        Assert.Equal([Before, After], told.Logs.Select(head => head.Log));
    }

    /// <summary>What a Want would have brought is told as soon as the Want ends, whatever was told a moment ago: the author's next log may follow at once.</summary>
    [Fact]
    public void Whose_Want_ends_hears_at_once_how_far_the_log_goes()
    {
        var first = SegmentHeader.Sign(Self, Before, Before.ToLogId().Empty, 1, [1], []);
        var second = SegmentHeader.Sign(Self, Before, first.Head, 1, [2], []);
        var young = SegmentHeader.Sign(Self, After, After.ToLogId().Empty, 1, [3], []);
        Handle(new ReplicatorInput.LinkUp(new LinkId(1), Other.PeerId, 1, 0, 0));
        Handle(new ReplicatorInput.Sharing(new LinkId(1), Direct, null, true));
        Handle(new ReplicatorInput.HeadsLoaded(Direct, [], null));
        Handle(new ReplicatorInput.Appended(Before, Before.ToLogId(), first.Head, 1));
        Handle(new ReplicatorInput.Want(new LinkId(1), Before.ToLogId(), Before.ToLogId().Empty, true));
        Assert.Empty(Handle(new ReplicatorInput.Appended(Before, Before.ToLogId(), second.Head, 2)).OfType<ReplicatorOutput.SendHave>());
        Assert.Single(Handle(new ReplicatorInput.Appended(After, After.ToLogId(), young.Head, 3)).OfType<ReplicatorOutput.SendHave>());

        var told = Assert.Single(Handle(new ReplicatorInput.Unwant(new LinkId(1), Before.ToLogId())).OfType<ReplicatorOutput.SendHave>());
        Assert.Equal(second.Head, Assert.Single(told.Logs).Head);
    }

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(now, input, outputs);
        return outputs;
    }
}
