using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;
using LogHead = P2PGrpc.Core.Replication.LogHead;
using LogKey = P2PGrpc.Core.Logs.LogKey;

namespace P2PGrpc.Node.Tests.Links;

/// <summary>The order in which one link writes what waits.</summary>
public sealed class LinkOutboundTests
{
    private static readonly PeerId Author = IdentityKey.FromSeed(new byte[32]).PeerId;

    private static readonly PeerId Other = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)1, 32)]).PeerId;
    private static readonly ConversationId Conversation = ConversationId.Direct(Author, Author);

    private readonly WaitingFrames all = new();
    private readonly LinkOutbound outbound;

    public LinkOutboundTests() => outbound = new LinkOutbound(all);

    [Fact]
    public async Task L1_A_position_never_overtakes_the_segments_that_it_covers()
    {
        outbound.AddSegments(new Frame { Segments = new Segments() }, 100);
        outbound.AddHave([Head(1)], 7);
        var first = await TakeAsync();
        Assert.Equal(Frame.KindOneofCase.Have, first.KindCase);
        Assert.False(first.Have.HasThrough);
        Assert.Equal(Frame.KindOneofCase.Segments, (await TakeAsync()).KindCase);
        var last = await TakeAsync();
        Assert.Empty(last.Have.Logs);
        Assert.Equal(7ul, last.Have.Through);
    }

    [Fact]
    public async Task L1_A_position_is_not_sent_when_a_goodbye_drops_the_segments()
    {
        outbound.AddSegments(new Frame { Segments = new Segments() }, 100);
        outbound.AddHave([], 7);
        outbound.Finish(HelloFrames.WriteGoodbye(GoodbyeReason.Shutdown, ""));
        Assert.Equal(Frame.KindOneofCase.Goodbye, (await TakeAsync()).KindCase);
        Assert.Null(await outbound.TakeAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Tells_are_merged_and_cut_into_frames_with_the_position_last()
    {
        for (ulong epoch = 1; epoch <= ReplicatorLimits.DefaultHaveItems + 1; epoch++)
            outbound.AddHave([Head(epoch)], null);
        outbound.AddHave([Head(1, sequence: 5)], 9);
        var one = (await TakeAsync()).Have;
        var two = (await TakeAsync()).Have;
        Assert.Equal((ReplicatorLimits.DefaultHaveItems, 1), (one.Logs.Count, two.Logs.Count));
        Assert.False(one.HasThrough);
        Assert.Equal(9ul, two.Through);
        Assert.Equal(5ul, one.Logs.Concat(two.Logs).Single(log => log.Log.Epoch == 1).Head.Sequence);
    }

    [Fact]
    public async Task Credit_is_summed_and_too_many_small_frames_are_refused()
    {
        outbound.AddCredit(3);
        outbound.AddCredit(4);
        Assert.Equal(7ul, (await TakeAsync()).Credit.Bytes);
        for (var count = 0; count < LinkLimits.WaitingFrames; count++)
            Assert.True(outbound.TryAdd(TransientFrames.WritePing(1, reply: true)));
        Assert.False(outbound.TryAdd(TransientFrames.WritePing(1, reply: true)));
    }

    /// <summary>V1: what one link may let pile up, many links may not together; and a link that keeps up is not closed for the others.</summary>
    [Fact]
    public void V1_Small_frames_of_all_links_together_are_bounded()
    {
        var links = Enumerable.Range(0, 128).Select(_ => new LinkOutbound(all)).ToList();
        var waiting = links.Sum(link => Enumerable.Range(0, LinkLimits.WaitingFrames).TakeWhile(_ => link.TryAdd(new Frame())).Count());
        Assert.InRange(waiting, LinkLimits.AllWaitingFrames, LinkLimits.AllWaitingFrames + links.Count * LinkLimits.FewWaitingFrames);
        Assert.True(outbound.TryAdd(new Frame()));
        foreach (var link in links)
            link.Drop();
        for (var count = 1; count < LinkLimits.WaitingFrames; count++)
            Assert.True(outbound.TryAdd(new Frame()));
    }

    /// <summary>V1: pings cost their sender more than this node.</summary>
    [Fact]
    public async Task V1_One_answer_to_pings_waits_at_most()
    {
        for (ulong number = 1; number <= 1000; number++)
            outbound.SetPong(TransientFrames.WritePing(number, reply: true));
        outbound.AddCredit(1);
        Assert.Equal(1000ul, (await TakeAsync()).Ping.Number);
        Assert.Equal(1ul, (await TakeAsync()).Credit.Bytes);
    }

    [Fact]
    public void Ephemeral_messages_beyond_the_bound_are_not_kept()
    {
        var kept = 0;
        while (outbound.TryAddEphemeral(new EphemeralBody(Conversation, new byte[1000], 1)))
            kept++;
        Assert.InRange(kept, LinkLimits.WaitingEphemeralBytes / 1200, LinkLimits.WaitingEphemeralBytes / 1000);
    }

    [Fact]
    public async Task Ephemeral_messages_that_wait_together_share_a_frame_as_far_as_it_may_hold_them()
    {
        for (byte number = 1; number <= 3; number++)
            Assert.True(outbound.TryAddEphemeral(new EphemeralBody(Conversation, new[] { number, number }, 1)));
        Assert.True(outbound.TryAddEphemeral(new EphemeralBody(ConversationId.Direct(Author, Other), new byte[] { 9 }, 1)));
        Assert.True(outbound.TryAddEphemeral(new EphemeralBody(Conversation, new byte[LinkLimits.EphemeralFrame - 1], 1)));
        Assert.True(outbound.TryAddEphemeral(new EphemeralBody(Conversation, new byte[] { 5 }, FrameLimits.EphemeralEntries - 1)));
        Assert.True(outbound.TryAddEphemeral(new EphemeralBody(Conversation, new byte[] { 6 }, 1)));

        Assert.Equal([1, 1, 2, 2, 3, 3], await TakeBodyAsync());
        Assert.Equal([9], await TakeBodyAsync());
        var full = await TakeBodyAsync();
        Assert.Equal((LinkLimits.EphemeralFrame, 5), (full.Length, full[^1]));
        Assert.Equal([6], await TakeBodyAsync());
    }

    private async Task<byte[]> TakeBodyAsync() => (await TakeAsync()).Ephemeral.Body.ToByteArray();

    private async Task<Frame> TakeAsync() => (await outbound.TakeAsync(TestContext.Current.CancellationToken))!;

    private static LogHead Head(ulong epoch, ulong sequence = 1)
    {
        var key = new LogKey(ConversationId.Direct(Author, Author), Author, epoch);
        return new LogHead(key, key.ToLogId(), new Core.Logs.Head(sequence, default));
    }
}
