using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Tests.Wire;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Node.Tests.Links;

/// <summary>Looks ahead on one link: what is taken for an answer, and what is answered.</summary>
public sealed class LinkRecallsTests : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly LinkOutbound outbound = new(new WaitingFrames());
    private readonly IdentityKey self = StoreFixture.MakeKey(1);
    private readonly IdentityKey peer = StoreFixture.MakeKey(2);
    private readonly RemoteHello remote;

    public LinkRecallsTests() => remote = TestRemotes.Direct(self.PeerId, peer.PeerId);

    private ConversationId Conversation => remote.Sharing.Direct;

    public void Dispose()
    {
        self.Dispose();
        peer.Dispose();
    }

    [Fact]
    public async Task Only_the_answer_to_the_open_question_is_taken_and_only_once()
    {
        using var recalls = Make(TestRemotes.HoldsNothing);
        var asking = recalls.AskAsync(Conversation, 0);
        var question = await ReadQuestionAsync();
        Assert.True(recalls.TryTake(Write(question with { Number = question.Number + 1 }, Segment("never asked for")), out _));
        Assert.True(recalls.TryTake(Write(question with { Number = 0 }, Forge(Segment("forged, and not even read"))), out _));
        Assert.False(asking.IsCompleted);
        var answer = Segment("answer");
        Assert.True(recalls.TryTake(Write(question, answer), out _));
        Assert.Equal(answer.Header.Hash, Assert.Single((await asking.WaitAsync(TestNode.Patience))!.Segments).Header.Hash);
        Assert.True(recalls.TryTake(Write(question, Forge(Segment("a second answer"))), out _));
    }

    [Fact]
    public async Task S1_A_forged_answer_breaks_the_protocol_and_is_no_answer()
    {
        using var recalls = Make(TestRemotes.HoldsNothing);
        var asking = recalls.AskAsync(Conversation, 0);
        Assert.False(recalls.TryTake(Write(await ReadQuestionAsync(), Forge(Segment("forged"))), out var fault));
        Assert.NotEmpty(fault);
        Assert.Null(await asking.WaitAsync(TestNode.Patience));
    }

    /// <summary>A2: nobody else is let into what two nodes say to each other, whoever vouches for it.</summary>
    [Fact]
    public async Task A2_In_the_direct_conversation_of_two_a_third_one_has_no_place()
    {
        using var third = StoreFixture.MakeKey(3);
        using var recalls = Make(TestRemotes.HoldsNothing);
        foreach (var author in new[] { self, peer, third })
        {
            var asking = recalls.AskAsync(Conversation, 0);
            Assert.Equal(author != third, recalls.TryTake(Write(await ReadQuestionAsync(), Segment("words", author)), out _));
            Assert.Equal(author != third, await asking.WaitAsync(TestNode.Patience) is not null);
        }
    }

    /// <summary>S1: and its link ends.</summary>
    [Fact]
    public async Task S1_A_forged_answer_ends_the_link()
    {
        var connection = new ScriptedConnection();
        await using var session = new LinkSession(
            new LinkId(1), connection, remote, null!, new WaitingFrames(), (_, _) => { }, (_, _) => "", _ => { }, TestRemotes.HoldsNothing, TimeProvider.System, NullLogger.Instance);
        var running = session.RunAsync(TestContext.Current.CancellationToken);
        var asking = session.Recalls.AskAsync(Conversation, 0);
        Frame frame;
        do
            frame = await connection.Written.Reader.ReadAsync(StoreFixture.Deadline);
        while (frame.KindCase != Frame.KindOneofCase.Recall);
        Assert.True(RecallFrames.TryRead(frame.Recall, out var question, out _));
        connection.Incoming.Writer.TryWrite(new Frame { Recalled = Write(question, Forge(Segment("forged"))) });
        Assert.Null(await asking.WaitAsync(TestNode.Patience));
        Assert.Equal((GoodbyeReason.Protocol, false), await running.WaitAsync(TestNode.Patience) is var end ? (end.Reason, end.ByOther) : default);
    }

    [Fact]
    public async Task A_neighbour_that_answers_nothing_is_given_up_and_asked_again()
    {
        using var recalls = Make(TestRemotes.HoldsNothing);
        var first = recalls.AskAsync(Conversation, 0);
        var second = recalls.AskAsync(Conversation, 40);
        var question = await ReadQuestionAsync();
        time.Advance(LinkLimits.RecallPatience);
        Assert.Null(await first.WaitAsync(TestNode.Patience));
        Assert.Equal(40ul, (await ReadQuestionAsync()).Before);
        Assert.True(recalls.TryTake(Write(question, Forge(Segment("too late"))), out _));
        recalls.Dispose();
        Assert.Null(await second.WaitAsync(TestNode.Patience));
        Assert.Null(await recalls.AskAsync(Conversation, 0).WaitAsync(TestNode.Patience));
    }

    [Fact]
    public async Task A_question_is_answered_with_what_is_held()
    {
        using var recalls = Make((conversation, before, _) => Task.FromResult(
            new RecalledStretch([Segment($"{conversation == Conversation} {before}")], before - 1)));
        recalls.Answer(new RecallQuestion(Conversation, 40, 9));
        var answer = (await TakeAsync()).Recalled;
        Assert.Equal((9ul, 39ul), (answer.Number, answer.Before));
        Assert.Contains("True 40", answer.Segments[0].Body.ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_shared_is_not_answered_and_one_question_at_a_time_is()
    {
        var asked = Channel.CreateUnbounded<ulong>();
        var held = new TaskCompletionSource();
        using var recalls = Make(async (_, before, _) =>
        {
            asked.Writer.TryWrite(before);
            await held.Task;
            return new RecalledStretch([], 0);
        });
        recalls.Answer(new RecallQuestion(ConversationId.Direct(self.PeerId, self.PeerId), 1, 1));
        recalls.Answer(new RecallQuestion(Conversation, 2, 2));
        recalls.Answer(new RecallQuestion(Conversation, 3, 3));
        Assert.Equal(2ul, await asked.Reader.ReadAsync(StoreFixture.Deadline));
        held.SetResult();
        Assert.Equal(2ul, (await TakeAsync()).Recalled.Number);
        Assert.False(asked.Reader.TryRead(out _));
    }

    /// <summary>V1: a neighbour can make this node read only so much.</summary>
    [Fact]
    public async Task V1_Questions_beyond_the_rate_are_passed_over_until_the_minute_is_over()
    {
        var read = 0;
        using var recalls = Make((_, _, _) => Task.FromResult(new RecalledStretch([], (ulong)Interlocked.Increment(ref read))));
        for (var number = 1; number <= LinkLimits.RecallsPerMinute; number++)
            await AnswerAsync((ulong)number);
        recalls.Answer(new RecallQuestion(Conversation, 0, 1000));
        Assert.Equal(LinkLimits.RecallsPerMinute, read);
        time.Advance(TimeSpan.FromMinutes(1));
        await AnswerAsync(1001);

        async Task AnswerAsync(ulong number)
        {
            recalls.Answer(new RecallQuestion(Conversation, 0, number));
            Assert.Equal(number, (await TakeAsync()).Recalled.Number);
        }
    }

    private LinkRecalls Make(ReadStretch read) => new(remote.Sharing, outbound, read, time);

    private async Task<RecallQuestion> ReadQuestionAsync()
    {
        Assert.True(RecallFrames.TryRead((await TakeAsync()).Recall, out var question, out var fault), fault);
        return question;
    }

    private async Task<Frame> TakeAsync() => (await outbound.TakeAsync(StoreFixture.Deadline))!;

    private (SegmentHeader Header, ReadOnlyMemory<byte> Body) Segment(string text, IdentityKey? by = null)
    {
        var author = by ?? peer;
        var log = new LogKey(Conversation, author.PeerId, 7);
        var (header, body) = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, text);
        return (header, body.Body);
    }

    private static (SegmentHeader Header, ReadOnlyMemory<byte> Body) Forge((SegmentHeader Header, ReadOnlyMemory<byte> Body) segment) =>
        (segment.Header, segment.Body.ToArray().Select(each => (byte)(each ^ 1)).ToArray());

    private static Recalled Write(RecallQuestion question, params (SegmentHeader Header, ReadOnlyMemory<byte> Body)[] segments) =>
        RecallFrames.Write(question, new RecalledStretch(segments, 0)).Recalled;

    /// <summary>A connection whose other side is the test.</summary>
    private sealed class ScriptedConnection : IFrameConnection
    {
        public Channel<Frame> Incoming { get; } = Channel.CreateUnbounded<Frame>();

        public Channel<Frame> Written { get; } = Channel.CreateUnbounded<Frame>();

        public PeerId Peer => default;

        public ReadOnlyMemory<byte> RemoteKeyInfo => default;

        public string RemoteAddress => "";

        public bool Dialled => false;

        public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken) => Written.Writer.WriteAsync(frame, cancellationToken);

        public async ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken) => await Incoming.Reader.ReadAsync(cancellationToken);

        public ValueTask CompleteAsync() => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
