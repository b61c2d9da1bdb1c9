using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Tests;

/// <summary>L1, S4: a neighbour that froze a log sends what it holds and says that this is all. What of it was lost here comes when it is asked again, and no neighbour
/// that gives less than it told has itself asked without end.</summary>
public sealed class FrozenLogTests
{
    private static readonly IdentityKey[] Keys = Enumerable.Range(1, 3).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray())).ToArray();
    private static readonly ConversationId Room = ConversationId.Direct(Keys[0].PeerId, Keys[0].PeerId);
    private static readonly LogKey Before = new(Room, Keys[2].PeerId, 1);
    private static readonly LogKey Forked = new(Room, Keys[2].PeerId, 2);
    private static readonly LinkId Link = new(1);
    private static readonly SegmentHeader Predecessor = Sign(Before, Before.ToLogId().Empty, 0, []);
    private static readonly SegmentHeader First = Sign(Forked, Forked.ToLogId().Empty, 0, OpeningAfter(Predecessor));
    private static readonly SegmentHeader Second = Sign(Forked, First.Head, 1, []);
    private static readonly SegmentHeader Rival = Sign(Forked, First.Head, 2, []);

    private readonly ReplicatorLimits limits = new();
    private readonly Replicator replicator;
    private TimeSpan now = TimeSpan.FromSeconds(1);
    private ulong position;

    public FrozenLogTests()
    {
        replicator = new Replicator(Keys[0].PeerId, limits, 0);
        Handle(new ReplicatorInput.LinkUp(Link, Keys[1].PeerId, 1, 0, 0));
        Handle(new ReplicatorInput.Sharing(Link, Room, null, true));
        Handle(new ReplicatorInput.HeadsLoaded(Room, [], null));
    }

    private sealed class Body : BodyHandle;

    [Fact]
    public void A_frozen_log_that_had_to_wait_for_the_one_before_it_is_wanted_again()
    {
        Tell(Predecessor);
        Tell(Second);
        Assert.Empty(PushAll().OfType<ReplicatorOutput.Store>());
        Assert.Equal(First.LogId, Assert.Single(Push(Predecessor).OfType<ReplicatorOutput.SendWant>()).LogId);
        AssertIsTakenAndFrozen();
    }

    [Fact]
    public void A_frozen_log_that_a_full_disk_turned_away_is_wanted_again()
    {
        Tell(Second);
        Assert.Equal(2, PushAll().OfType<ReplicatorOutput.Store>().Count());
        Assert.Empty(Handle(new ReplicatorInput.StoreFailed(First.LogId, First.Head, StoreFailure.Full)).OfType<ReplicatorOutput.SendWant>());
        Handle(new ReplicatorInput.StoreFailed(First.LogId, Second.Head, StoreFailure.Full));
        now += limits.StoreRetry;
        Assert.Equal(First.LogId, Assert.Single(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>()).LogId);
        AssertIsTakenAndFrozen();
    }

    /// <summary>The word that all was given may be of a Want before the last.</summary>
    [Fact]
    public void Whose_word_crossed_a_later_want_is_asked_again_for_what_that_did_not_bring()
    {
        Tell(Predecessor);
        Tell(Second);
        Push(First);
        Assert.Equal(First.LogId, Assert.Single(Push(Predecessor).OfType<ReplicatorOutput.SendWant>()).LogId);
        Assert.Empty(SayThatThisIsAll().OfType<ReplicatorOutput.SendWant>());
        Push(First);
        Assert.Equal(2ul, Push(Second).OfType<ReplicatorOutput.Store>().Single().Header.FirstSequence);
        Handle(new ReplicatorInput.StoreFailed(Before.ToLogId(), Predecessor.Head, StoreFailure.Full));
        Handle(new ReplicatorInput.StoreFailed(First.LogId, First.Head, StoreFailure.Full));
        Handle(new ReplicatorInput.StoreFailed(First.LogId, Second.Head, StoreFailure.Full));
        now += limits.StoreRetry;
        Assert.Contains(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>(), want => want.LogId == First.LogId && want.After == First.LogId.Empty);
    }

    [Fact]
    public void Who_tells_more_than_it_gives_is_asked_once_for_each_time_it_tells()
    {
        for (var times = 0; times < 3; times++)
        {
            Assert.Single(Tell(Second).OfType<ReplicatorOutput.SendWant>());
            Assert.Empty(SayThatThisIsAll().OfType<ReplicatorOutput.SendWant>());
            now += TimeSpan.FromMinutes(2);
            Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>());
        }
    }

    /// <summary>What came before the fork is stored, and then the proof counts.</summary>
    private void AssertIsTakenAndFrozen()
    {
        Assert.Equal(2, PushAll().OfType<ReplicatorOutput.Store>().Count());
        var freeze = Assert.Single(Handle(new ReplicatorInput.Stored(Forked, First.LogId, First.Head, ++position)).OfType<ReplicatorOutput.Freeze>());
        Assert.Equal((Second, Rival), (freeze.First, freeze.Second));
    }

    /// <summary>All that the neighbour holds, the proof, and its word that this is all.</summary>
    private List<ReplicatorOutput> PushAll() => [.. Push(First), .. Push(Second), .. SayThatThisIsAll()];

    private List<ReplicatorOutput> SayThatThisIsAll() =>
        [.. Handle(new ReplicatorInput.ForkProof(Link, Second, Rival)), .. Handle(new ReplicatorInput.Refuse(Link, First.LogId, RefuseReason.Frozen))];

    private List<ReplicatorOutput> Tell(SegmentHeader header) => Handle(new ReplicatorInput.Have(Link, [new LogHead(header.Log, header.LogId, header.Head)], null));

    private List<ReplicatorOutput> Push(SegmentHeader header) => Handle(new ReplicatorInput.Segment(Link, header, new Body()));

    private static SegmentHeader Sign(LogKey log, Head after, byte mark, byte[] opening) => SegmentHeader.Sign(Keys[2], log, after, 1, [mark], opening);

    private static byte[] OpeningAfter(SegmentHeader header) =>
        new Protocol.Opening { PredecessorEpoch = header.Log.Epoch, PredecessorHead = SegmentCodec.Write(header.Head) }.ToByteArray();

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(now, input, outputs);
        return outputs;
    }
}
