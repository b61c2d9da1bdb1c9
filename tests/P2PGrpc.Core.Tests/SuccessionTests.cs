using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Tests;

/// <summary>S5: what an author wrote before a restart is read before what it wrote after it, whoever brings it.</summary>
public sealed class SuccessionTests
{
    private static readonly IdentityKey[] Keys = Enumerable.Range(1, 4).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray())).ToArray();
    private static readonly ConversationId Room = ConversationId.Direct(Keys[0].PeerId, Keys[0].PeerId);
    private static readonly LogKey Old = new(Room, Keys[3].PeerId, 1);
    private static readonly LogKey New = new(Room, Keys[3].PeerId, 2);
    private static readonly SegmentHeader OldFirst = Sign(Old, Old.ToLogId().Empty, []);
    private static readonly SegmentHeader OldSecond = Sign(Old, OldFirst.Head, []);
    private static readonly SegmentHeader NewFirst = Sign(New, New.ToLogId().Empty, OpeningAfter(Old.Epoch, OldSecond.Head));

    private readonly Replicator replicator = new(Keys[0].PeerId, new ReplicatorLimits { Successors = 3, SuccessorsPerAuthor = 2 }, 0);
    private readonly ReplicatorLimits limits = new();
    private TimeSpan now = TimeSpan.FromSeconds(1);

    public SuccessionTests()
    {
        Join(1);
        Join(2);
        Handle(new ReplicatorInput.HeadsLoaded(Room, [], null));
    }

    private sealed class Body : BodyHandle;

    [Fact]
    public void A_log_waits_for_the_one_before_it_as_far_as_that_went()
    {
        Tell(1, OldSecond);
        Tell(2, NewFirst);

        var turnedAway = Push(2, NewFirst);
        Assert.Single(turnedAway.OfType<ReplicatorOutput.Release>());
        Assert.Single(turnedAway.OfType<ReplicatorOutput.SendUnwant>());
        Assert.Empty(Push(1, OldFirst).OfType<ReplicatorOutput.SendWant>());
        var wanted = Push(1, OldSecond);

        Assert.Single(wanted.OfType<ReplicatorOutput.Store>());
        Assert.Equal((New.ToLogId(), new LinkId(2)), wanted.OfType<ReplicatorOutput.SendWant>().Select(want => (want.LogId, want.Link)).Single());
        Assert.Single(Push(2, NewFirst).OfType<ReplicatorOutput.Store>());
    }

    [Fact]
    public void It_is_taken_where_nobody_is_known_to_have_the_one_before()
    {
        Tell(2, NewFirst);
        Assert.Single(Push(2, NewFirst).OfType<ReplicatorOutput.Store>());
    }

    [Fact]
    public void It_is_wanted_again_when_who_has_the_one_before_refuses_it_or_leaves()
    {
        Tell(1, OldSecond);
        Tell(2, NewFirst);
        Push(2, NewFirst);
        Assert.Equal(New.ToLogId(), Assert.Single(Handle(new ReplicatorInput.Refuse(new LinkId(1), Old.ToLogId(), RefuseReason.Damaged)).OfType<ReplicatorOutput.SendWant>()).LogId);
        Tell(1, OldSecond);
        Push(2, NewFirst);
        Assert.Equal(New.ToLogId(), Assert.Single(Handle(new ReplicatorInput.LinkDown(new LinkId(1))).OfType<ReplicatorOutput.SendWant>()).LogId);
    }

    [Fact]
    public void The_patience_ends_but_not_while_the_store_takes_nothing()
    {
        Tell(1, OldSecond);
        Tell(2, NewFirst);
        Push(2, NewFirst);
        now += limits.SuccessionTime - TimeSpan.FromMilliseconds(1);
        Push(1, OldFirst);
        Handle(new ReplicatorInput.StoreFailed(Old.ToLogId(), OldFirst.Head, StoreFailure.Full));
        now += TimeSpan.FromMilliseconds(1);
        Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>());
        now += limits.StoreRetry;
        Assert.Equal(Old.ToLogId(), Assert.Single(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>()).LogId);

        now += limits.SuccessionTime;
        Assert.Equal(New.ToLogId(), Assert.Single(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>()).LogId);
        Assert.Single(Push(2, NewFirst).OfType<ReplicatorOutput.Store>());
    }

    /// <summary>An author who starts without end takes nobody else's places, and all authors together take only so much memory.</summary>
    [Fact]
    public void Only_so_many_logs_of_an_author_wait_at_a_time_and_of_all_authors()
    {
        Assert.Equal([true, true, false], Waits(Keys[3]));
        Assert.Equal([true, false], Waits(Keys[2])[..2]);
    }

    /// <summary>Which of three logs of an author wait, each of which begins after one that a neighbour has.</summary>
    private bool[] Waits(IdentityKey author)
    {
        var first = Old with { Author = author.PeerId };
        var before = SegmentHeader.Sign(author, first, first.ToLogId().Empty, 1, [1], []);
        Tell(1, before);
        return Enumerable.Range(10, 3).Select(epoch =>
        {
            var log = first with { Epoch = (ulong)epoch };
            var header = SegmentHeader.Sign(author, log, log.ToLogId().Empty, 1, [1], OpeningAfter(first.Epoch, before.Head));
            Tell(2, header);
            return !Push(2, header).OfType<ReplicatorOutput.Store>().Any();
        }).ToArray();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(99)]
    public void An_opening_that_names_itself_or_what_nobody_told_holds_nothing_up(ulong epoch)
    {
        var header = Sign(New, New.ToLogId().Empty, OpeningAfter(epoch, OldSecond.Head));
        Tell(1, OldSecond);
        Tell(2, header);
        Assert.Single(Push(2, header).OfType<ReplicatorOutput.Store>());
    }

    [Fact]
    public void An_opening_that_does_not_parse_holds_nothing_up()
    {
        var header = Sign(New, New.ToLogId().Empty, [0x12, 0xFF, 0x01]);
        Tell(1, OldSecond);
        Tell(2, header);
        Assert.Single(Push(2, header).OfType<ReplicatorOutput.Store>());
    }

    /// <summary>What is with the store while it refuses something must be refused too: it may have been written after it.</summary>
    [Fact]
    public void A_store_says_how_many_refusals_were_known()
    {
        Tell(1, OldSecond);
        Assert.Equal(0, Assert.Single(Push(1, OldFirst).OfType<ReplicatorOutput.Store>()).Refusals);
        Handle(new ReplicatorInput.StoreFailed(Old.ToLogId(), OldFirst.Head, StoreFailure.Full));
        now += limits.StoreRetry;
        Handle(new ReplicatorInput.Tick());
        Assert.Equal(1, Assert.Single(Push(1, OldFirst).OfType<ReplicatorOutput.Store>()).Refusals);
        Handle(new ReplicatorInput.StoreFailed(Old.ToLogId(), OldFirst.Head, StoreFailure.Mismatch));
        Assert.Equal(1, Assert.Single(Push(1, OldFirst).OfType<ReplicatorOutput.Store>()).Refusals);
    }

    /// <summary>D4: the store answers a Store twice, in a way: it finds on disk what it had reported as failed, and refuses the same segment come again.</summary>
    [Fact]
    public void What_a_recovery_finds_answers_no_store()
    {
        Tell(1, OldSecond);
        Push(1, OldFirst);
        Handle(new ReplicatorInput.StoreFailed(Old.ToLogId(), OldFirst.Head, StoreFailure.Halted));
        now += limits.StoreRetry;
        Handle(new ReplicatorInput.Tick());
        Push(1, OldFirst);

        Handle(new ReplicatorInput.Stored(Old, Old.ToLogId(), OldFirst.Head, 1, Recovered: true));
        var outputs = Handle(new ReplicatorInput.StoreFailed(Old.ToLogId(), OldFirst.Head, StoreFailure.Mismatch));

        Assert.Equal(OldFirst.Head, Assert.Single(outputs.OfType<ReplicatorOutput.SendWant>()).After);
        Assert.Single(Push(1, OldSecond).OfType<ReplicatorOutput.Store>());
    }

    /// <summary>L1: one read that failed must not keep a conversation silent for ever.</summary>
    [Fact]
    public void Heads_that_could_not_be_read_are_read_for_the_next_link()
    {
        var other = ConversationId.Direct(Keys[0].PeerId, Keys[1].PeerId);
        Assert.Single(Handle(new ReplicatorInput.Sharing(new LinkId(1), other, null, true)).OfType<ReplicatorOutput.LoadHeads>());
        Handle(new ReplicatorInput.HeadsFailed(other));
        Handle(new ReplicatorInput.LinkDown(new LinkId(1)));
        Join(3);
        Assert.Single(Handle(new ReplicatorInput.Sharing(new LinkId(3), other, null, true)).OfType<ReplicatorOutput.LoadHeads>());
    }

    /// <summary>However often its first segment comes, a log waits in one place: who repeats it takes no other's.</summary>
    [Fact]
    public void A_log_that_waits_takes_one_place_however_often_it_comes()
    {
        Tell(1, OldSecond);
        Tell(2, NewFirst);
        for (var times = 0; times < 5; times++)
            Assert.Empty(Push(2, NewFirst).OfType<ReplicatorOutput.Store>());
        var another = new LogKey(Room, Keys[3].PeerId, 3);
        var first = Sign(another, another.ToLogId().Empty, OpeningAfter(Old.Epoch, OldSecond.Head));
        Tell(2, first);
        Assert.Empty(Push(2, first).OfType<ReplicatorOutput.Store>());
    }

    private static SegmentHeader Sign(LogKey log, Head after, byte[] opening) => SegmentHeader.Sign(Keys[3], log, after, 1, [1], opening);

    private static byte[] OpeningAfter(ulong epoch, Head head) =>
        new Protocol.Opening { PredecessorEpoch = epoch, PredecessorHead = SegmentCodec.Write(head) }.ToByteArray();

    private void Join(int link)
    {
        Handle(new ReplicatorInput.LinkUp(new LinkId(link), Keys[link].PeerId, 1, 0, 0));
        Handle(new ReplicatorInput.Sharing(new LinkId(link), Room, null, true));
    }

    private void Tell(int link, SegmentHeader header) =>
        Handle(new ReplicatorInput.Have(new LinkId(link), [new LogHead(header.Log, header.LogId, header.Head)], null));

    private List<ReplicatorOutput> Push(int link, SegmentHeader header) => Handle(new ReplicatorInput.Segment(new LinkId(link), header, new Body()));

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(now, input, outputs);
        return outputs;
    }
}
