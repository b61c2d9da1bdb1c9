using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Tests;

/// <summary>Bodies that neighbours have erased: whoever still has one is asked for it, and headers alone are taken only where nobody has.</summary>
public sealed class ErasedTests
{
    private static readonly IdentityKey[] Keys = Enumerable.Range(1, 4).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray())).ToArray();
    private static readonly ConversationId Room = ConversationId.Direct(Keys[0].PeerId, Keys[0].PeerId);
    private static readonly LogKey Log = new(Room, Keys[3].PeerId, 1);
    private static readonly SegmentHeader[] Chain = MakeChain();
    private static readonly ReplicatorLimits Limits = new();

    private readonly Replicator replicator = new(Keys[0].PeerId, Limits, 0);
    private TimeSpan now = TimeSpan.FromSeconds(1);

    public ErasedTests()
    {
        Join(1);
        Handle(new ReplicatorInput.HeadsLoaded(Room, [], null));
        now += Limits.ErasedPatience;
    }

    private sealed class Body : BodyHandle;

    [Fact]
    public void Who_has_erased_is_asked_for_headers_alone_only_once_nobody_else_is_ahead()
    {
        Join(2);
        var want = Ask(Tell(1, 7));
        Assert.Equal((1L, 0ul), (want.Link.Value, want.ErasedThrough));
        Tell(2, 7);

        want = Ask(Prune(1, 1, 4));
        Assert.Equal((2L, 0ul, true), (want.Link.Value, want.ErasedThrough, want.Standing));

        want = Ask(Prune(2, 1, 3));
        Assert.Equal((2L, 2ul), (want.Link.Value, want.ErasedThrough));
        Assert.IsType<ErasedBody>(Assert.Single(Push(2, 0, new ErasedBody()).OfType<ReplicatorOutput.Store>()).Body);
        Assert.Single(Push(2, 1, new ErasedBody()).OfType<ReplicatorOutput.Store>());
        Assert.IsType<Body>(Assert.Single(Push(2, 2, new Body()).OfType<ReplicatorOutput.Store>()).Body);
    }

    [Fact]
    public void Each_end_of_a_stretch_is_a_new_question_to_all()
    {
        Join(2);
        Tell(1, 7);
        Tell(2, 7);
        Prune(1, 1, 2);
        Assert.Equal((1L, 1ul), Summary(Ask(Prune(2, 1, 4))));
        Push(1, 0, new ErasedBody());

        // Link 1 has a body at the second place, though link 2 has none there: it pushes on.
        Assert.Single(Push(1, 1, new Body()).OfType<ReplicatorOutput.Store>());
        Assert.Equal((2L, 3ul), Summary(Ask(Prune(1, 3, 6))));
        Push(2, 2, new ErasedBody());

        // From the fourth on link 2 has bodies, and it pushes already.
        Assert.Single(Push(2, 3, new Body()).OfType<ReplicatorOutput.Store>());
    }

    [Fact]
    public void A_header_alone_that_nobody_asked_for_is_not_stored_and_another_neighbour_is_asked()
    {
        Join(2);
        Tell(1, 7);
        Tell(2, 7);
        var outputs = Push(1, 0, new ErasedBody());
        Assert.Empty(outputs.OfType<ReplicatorOutput.Store>());
        Assert.Single(outputs.OfType<ReplicatorOutput.Release>());
        Assert.Equal(1L, Assert.Single(outputs.OfType<ReplicatorOutput.SendUnwant>()).Link.Value);
        Assert.Equal((2L, 0ul), Summary(Ask(outputs)));
    }

    [Fact]
    public void A_header_alone_beyond_what_was_asked_for_is_not_stored()
    {
        Tell(1, 7);
        Assert.Equal((1L, 1ul), Summary(Ask(Prune(1, 1, 2))));
        Push(1, 0, new ErasedBody());
        Assert.Empty(Push(1, 1, new ErasedBody()).OfType<ReplicatorOutput.Store>());
    }

    [Fact]
    public void Who_gives_not_even_the_headers_that_were_asked_for_is_not_asked_in_a_circle()
    {
        Tell(1, 7);
        Assert.Equal((1L, 3ul), Summary(Ask(Prune(1, 1, 4))));
        Assert.Empty(Prune(1, 1, 4).OfType<ReplicatorOutput.SendWant>());
        Assert.Empty(Prune(1, 1, 9).OfType<ReplicatorOutput.SendWant>());
    }

    [Fact]
    public void A_neighbour_that_comes_with_the_bodies_takes_over_from_one_that_gives_headers()
    {
        Tell(1, 7);
        Prune(1, 1, 7);
        Push(1, 0, new ErasedBody());
        Join(2);
        var outputs = Tell(2, 7);
        Assert.Equal(1L, Assert.Single(outputs.OfType<ReplicatorOutput.SendUnwant>()).Link.Value);
        Assert.Equal((2L, 0ul), Summary(Ask(outputs)));
        Assert.IsType<Body>(Assert.Single(Push(2, 1, new Body()).OfType<ReplicatorOutput.Store>()).Body);
    }

    [Fact]
    public void Just_after_the_first_link_headers_alone_wait_for_others_that_are_being_dialled()
    {
        var young = new Replicator(Keys[0].PeerId, Limits, 0);
        Join(1, young);
        Handle(new ReplicatorInput.HeadsLoaded(Room, [], null), young);
        Tell(1, 7, young);
        var outputs = Prune(1, 1, 4, young);
        Assert.Empty(outputs.OfType<ReplicatorOutput.SendWant>());
        now += Limits.ErasedPatience;
        Assert.Equal((1L, 3ul), Summary(Ask(Handle(new ReplicatorInput.Tick(), young))));
    }

    [Fact]
    public void One_that_says_to_have_the_bodies_and_never_gives_them_holds_nobody_up_for_ever()
    {
        Join(2);
        Tell(1, 7);
        Tell(2, 7);
        Prune(1, 1, 4);
        var asked = new List<(long, ulong)>();
        for (var step = 0; step < 200 && !asked.Contains((1L, 3ul)); step++)
        {
            now += Limits.StallTime;
            asked.AddRange(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.SendWant>().Select(Summary));
        }

        Assert.Contains((1L, 3ul), asked);
    }

    [Fact]
    public void Headers_alone_weigh_what_they_are_and_every_byte_of_credit_comes_back()
    {
        Tell(1, 7);
        var given = Prune(1, 1, 8).OfType<ReplicatorOutput.SendCredit>().Sum(credit => credit.Bytes);
        for (var index = 0; index < 7; index++)
        {
            Push(1, index, new ErasedBody());
            var stored = Handle(new ReplicatorInput.Stored(Log, Log.ToLogId(), Chain[index].Head, Chain[index].LastSequence));
            given += stored.OfType<ReplicatorOutput.SendCredit>().Sum(credit => credit.Bytes);
        }

        Assert.Empty(Handle(new ReplicatorInput.Tick()).OfType<ReplicatorOutput.Close>());
        Assert.InRange(given, 0, Limits.FirstCredit);
    }

    [Fact]
    public void A_sender_gives_bodies_refuses_at_what_it_has_erased_and_gives_headers_where_they_are_wanted()
    {
        Handle(new ReplicatorInput.Sharing(new LinkId(1), Room, null, true));
        for (var index = 0; index < 3; index++)
            Store(index);
        Handle(new ReplicatorInput.Credit(new LinkId(1), 1 << 20));
        var load = Assert.Single(Handle(new ReplicatorInput.Want(new LinkId(1), Log.ToLogId(), Log.ToLogId().Empty, true)).OfType<ReplicatorOutput.Load>());
        Assert.Equal(0ul, load.ErasedThrough);
        var refuse = Assert.Single(Load(new LoadResult.Pruned(new ErasedStretch(1, 3))).OfType<ReplicatorOutput.SendRefuse>());
        Assert.Equal((RefuseReason.Pruned, new ErasedStretch(1, 3)), (refuse.Reason, refuse.Erased));

        load = Assert.Single(Handle(new ReplicatorInput.Want(new LinkId(1), Log.ToLogId(), Log.ToLogId().Empty, true, 2)).OfType<ReplicatorOutput.Load>());
        Assert.Equal(2ul, load.ErasedThrough);
        var sent = Assert.Single(Load(new LoadResult.Segments([new HeldSegment(Chain[0], new ErasedBody()), new HeldSegment(Chain[1], new ErasedBody())]))
            .OfType<ReplicatorOutput.SendSegments>());
        Assert.All(sent.Segments, segment => Assert.Equal(segment.Header.BareWeight, segment.Weight));
        Assert.Single(Load(new LoadResult.Segments([new HeldSegment(Chain[2], new Body())])).OfType<ReplicatorOutput.SendSegments>());
    }

    [Fact]
    public void An_erased_body_is_no_repair_of_a_damaged_one_D6()
    {
        for (var index = 0; index < 3; index++)
            Store(index);
        Handle(new ReplicatorInput.Damaged(Log, Log.ToLogId(), Chain[0].Head));
        Assert.Empty(Push(1, 1, new ErasedBody()).OfType<ReplicatorOutput.Repair>());
        Assert.Single(Push(1, 1, new Body()).OfType<ReplicatorOutput.Repair>());
    }

    /// <summary>L1: a full disk in the midst of it is no reason to take the neighbour for one that gives nothing.</summary>
    [Fact]
    public void L1_Headers_alone_are_fetched_on_after_the_store_took_nothing()
    {
        Tell(1, 7);
        Assert.Equal((1L, 4ul), Summary(Ask(Prune(1, 1, 5))));
        Assert.Single(Push(1, 0, new ErasedBody()).OfType<ReplicatorOutput.Store>());
        Handle(new ReplicatorInput.StoreFailed(Log.ToLogId(), Chain[0].Head, StoreFailure.Full));
        now += TimeSpan.FromMinutes(1);
        Assert.Equal((1L, 4ul), Summary(Ask(Handle(new ReplicatorInput.Tick()))));
        Assert.Single(Push(1, 0, new ErasedBody()).OfType<ReplicatorOutput.Store>());
    }

    /// <summary>S2: who calls erased what its author has only just written gets nobody to hold it without its body.</summary>
    [Fact]
    public void Headers_alone_are_not_taken_beyond_what_the_author_itself_has_told()
    {
        Join(3);
        Store(0);
        Store(1);
        Tell(3, 1);
        Tell(1, 7);
        Assert.Empty(Prune(1, 3, 8).OfType<ReplicatorOutput.SendWant>());
        Assert.Empty(Push(1, 2, new ErasedBody()).OfType<ReplicatorOutput.Store>());
        Assert.Equal((3L, 0ul), Summary(Ask(Tell(3, 2))));
        Assert.IsType<Body>(Assert.Single(Push(3, 2, new Body()).OfType<ReplicatorOutput.Store>()).Body);
    }

    private static SegmentHeader[] MakeChain()
    {
        var chain = new List<SegmentHeader>();
        var head = Log.ToLogId().Empty;
        for (byte number = 0; number < 8; number++)
        {
            chain.Add(SegmentHeader.Sign(Keys[3], Log, head, 1, [number, 1, 2, 3], []));
            head = chain[^1].Head;
        }

        return [.. chain];
    }

    private static (long Link, ulong ErasedThrough) Summary(ReplicatorOutput.SendWant want) => (want.Link.Value, want.ErasedThrough);

    private static ReplicatorOutput.SendWant Ask(IEnumerable<ReplicatorOutput> outputs) => Assert.Single(outputs.OfType<ReplicatorOutput.SendWant>());

    private void Join(int link, Replicator? other = null)
    {
        Handle(new ReplicatorInput.LinkUp(new LinkId(link), Keys[link].PeerId, 1, 0, 0), other);
        Handle(new ReplicatorInput.Sharing(new LinkId(link), Room, null, true), other);
    }

    private List<ReplicatorOutput> Tell(int link, int last, Replicator? other = null) =>
        Handle(new ReplicatorInput.Have(new LinkId(link), [new LogHead(Log, Log.ToLogId(), Chain[last].Head)], null), other);

    private List<ReplicatorOutput> Prune(int link, ulong from, ulong heldFrom, Replicator? other = null) =>
        Handle(new ReplicatorInput.Refuse(new LinkId(link), Log.ToLogId(), RefuseReason.Pruned, new ErasedStretch(from, heldFrom)), other);

    private List<ReplicatorOutput> Push(int link, int index, BodyHandle body) =>
        Handle(new ReplicatorInput.Segment(new LinkId(link), Chain[index], body));

    private List<ReplicatorOutput> Load(LoadResult result) => Handle(new ReplicatorInput.Loaded(new LinkId(1), Log.ToLogId(), result));

    private void Store(int index)
    {
        Tell(1, index);
        Push(1, index, new Body());
        Handle(new ReplicatorInput.Stored(Log, Log.ToLogId(), Chain[index].Head, Chain[index].LastSequence));
    }

    private List<ReplicatorOutput> Handle(ReplicatorInput input, Replicator? other = null)
    {
        var outputs = new List<ReplicatorOutput>();
        (other ?? replicator).Handle(now, input, outputs);
        return outputs;
    }
}
