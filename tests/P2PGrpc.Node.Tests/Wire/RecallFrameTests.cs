using System.Buffers;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;
using CoreHead = P2PGrpc.Core.Logs.Head;
using CoreKey = P2PGrpc.Core.Logs.LogKey;
using Header = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>Looks ahead of replication, between frames and what stands behind them.</summary>
public sealed class RecallFrameTests : IDisposable
{
    private readonly IdentityKey author = IdentityKey.FromSeed(TestNode.Nonce(5));
    private readonly CoreKey log;
    private readonly RecallQuestion question;

    public RecallFrameTests()
    {
        log = new CoreKey(ConversationId.Direct(author.PeerId, default), author.PeerId, 7);
        question = new RecallQuestion(log.Conversation, 40, 3);
    }

    public void Dispose() => author.Dispose();

    [Fact]
    public void A_question_and_its_answer_pass_as_they_are()
    {
        Assert.True(RecallFrames.TryRead(Through(RecallFrames.Write(question)).Recall, out var asked, out var fault), fault);
        Assert.Equal(question, asked);
        var chain = Chain(3);
        Assert.True(Read(RecallFrames.Write(question, new RecalledStretch(chain, 17)).Recalled, question, out var stretch, out fault), fault);
        Assert.Equal(17ul, stretch.Before);
        Assert.Equal(chain.Select(segment => segment.Header.Hash), stretch.Segments.Select(segment => segment.Header.Hash));
        Assert.True(Read(RecallFrames.Write(question, new RecalledStretch([], 0)).Recalled, question, out stretch, out fault), fault);
        Assert.Empty(stretch.Segments);
    }

    [Fact]
    public void The_largest_segment_fits_an_answer()
    {
        var body = new byte[LogLimits.BodyLength];
        var frame = RecallFrames.Write(question with { Number = ulong.MaxValue }, new RecalledStretch([(Sign(log, log.ToLogId().Empty, body), body)], 39));
        Assert.True(frame.CalculateSize() <= FrameLimits.FrameLength);
        Assert.True(Read(frame.Recalled, question, out _, out var fault), fault);
    }

    /// <summary>S1: what is shown ahead passes the same checks as what is stored.</summary>
    [Fact]
    public void S1_A_forged_or_foreign_answer_is_refused_whole()
    {
        using var other = StoreFixture.MakeKey(9);
        var foreign = log with { Conversation = ConversationId.Direct(author.PeerId, other.PeerId) };
        var changes = new Action<Recalled>[]
        {
            answer => answer.Segments[1].Body = ByteString.CopyFromUtf8("other words"),
            answer => answer.Segments[1].Header.Signature = ByteString.CopyFrom(new byte[64]),
            answer => answer.Segments[1].Header.FirstSequence += 5,
            answer => answer.Segments[1].Header = null,
            answer => answer.Segments.Add(SegmentFrames.Encode([(Sign(foreign, new CoreHead(3, default), []), ReadOnlyMemory<byte>.Empty)])),
            answer => answer.Segments.Add(Enumerable.Repeat(answer.Segments[0], FrameLimits.RecalledSegments)),
            answer => answer.Conversation = ByteString.CopyFrom(foreign.Conversation.Value.ToArray()),
            answer => answer.Conversation = ByteString.Empty,
            answer => answer.Before = question.Before,
            answer => answer.Before = ulong.MaxValue,
        };
        foreach (var change in changes)
        {
            var answer = RecallFrames.Write(question, new RecalledStretch(Chain(3), 17)).Recalled;
            change(answer);
            Assert.False(RecallFrames.TryRead(answer, question, log.Conversation, out var stretch, out var fault));
            Assert.NotEmpty(fault);
            Assert.Empty(stretch.Segments);
        }
    }

    [Fact]
    public void What_leads_nowhere_is_refused()
    {
        var fromEnd = question with { Before = 0 };
        Assert.True(Read(RecallFrames.Write(fromEnd, new RecalledStretch([], FrameLimits.Position - 1)).Recalled, fromEnd, out _, out _));
        Assert.False(RecallFrames.TryRead(RecallFrames.Write(fromEnd, new RecalledStretch([], FrameLimits.Position)).Recalled, fromEnd, log.Conversation, out _, out _));
        Assert.False(RecallFrames.TryRead(RecallFrames.Write(question with { Before = FrameLimits.Position }).Recall, out _, out _));
        Assert.False(RecallFrames.TryRead(new Recall { Conversation = ByteString.CopyFrom(new byte[31]) }, out _, out _));
    }

    /// <summary>V1: what an answer would unfold into is counted before it is parsed.</summary>
    [Fact]
    public void V1_An_answer_of_very_many_parts_is_refused_unread()
    {
        var many = new LinkRequest { Frame = new Frame { Recalled = new Recalled { Segments = { Enumerable.Repeat(new Segment(), FrameLimits.Fields) } } } }.ToByteArray();
        Assert.Null(LinkMethod.ReadRequest(new ReadOnlySequence<byte>(many)).Frame);
    }

    private bool Read(Recalled answer, RecallQuestion asked, out RecalledStretch stretch, out string fault) =>
        RecallFrames.TryRead(Through(new Frame { Recalled = answer }).Recalled, asked, log.Conversation, out stretch, out fault);

    private static Frame Through(Frame frame) => Frame.Parser.ParseFrom(frame.ToByteArray());

    /// <summary>Segments of a log, the last first.</summary>
    private List<(Header Header, ReadOnlyMemory<byte> Body)> Chain(int count)
    {
        var chain = new List<(Header, ReadOnlyMemory<byte>)>();
        var head = log.ToLogId().Empty;
        for (var number = 0; number < count; number++)
        {
            var (header, body) = StoreFixture.MakeSegment(author, log, head, $"message {number}");
            chain.Insert(0, (header, body.Body));
            head = header.Head;
        }

        return chain;
    }

    private Header Sign(CoreKey key, CoreHead after, byte[] body) => Header.Sign(author, key, after, 1, body, []);
}
