using CsCheck;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;
using CoreHead = P2PGrpc.Core.Logs.Head;
using CoreKey = P2PGrpc.Core.Logs.LogKey;
using Header = P2PGrpc.Core.Logs.SegmentHeader;
using LogHead = P2PGrpc.Core.Replication.LogHead;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>Between frames and the types that stand behind them.</summary>
public sealed class FrameTests : IDisposable
{
    private readonly IdentityKey author = IdentityKey.FromSeed(TestNode.Nonce(5));
    private readonly CoreKey log;

    private static LinkShares Shares { get; } = new(true, new HashSet<Bytes32> { new(1, 2, 3, 4), new(5, 6, 7, 8) });

    public FrameTests() => log = new CoreKey(ConversationId.Direct(author.PeerId, author.PeerId), author.PeerId, 7);

    public void Dispose() => author.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(50)]
    public void S1_segments_pass_as_their_author_signed_them(int count)
    {
        var chain = Chain(count);

        Assert.True(SegmentFrames.TryRead(Through(SegmentFrames.Write(chain)).Segments, log.Conversation, out var read, out var fault), fault);

        Assert.Equal(chain.Select(segment => segment.Header.Hash), read.Select(segment => segment.Header.Hash));
        Assert.All(read.Zip(chain), pair => Assert.True(pair.First.Body!.Value.Span.SequenceEqual(pair.Second.Body!.Value.Span)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void S1_one_forged_segment_refuses_the_frame(int count)
    {
        var changes = new Action<Segment>[]
        {
            segment => segment.Body = Flip(segment.Body),
            segment => segment.Body = segment.Body.Length == 0 ? ByteString.CopyFrom(1) : ByteString.Empty,
            segment => segment.Header.Signature = Flip(segment.Header.Signature),
            segment => segment.Header.Previous = Flip(segment.Header.Previous),
            segment => segment.Header.BodyHash = Flip(segment.Header.BodyHash),
            segment => segment.Header.Log.Author = Flip(segment.Header.Log.Author),
            segment => segment.Header.Log.Epoch++,
            segment => segment.Header.FirstSequence++,
            segment => segment.Header.FirstSequence = ulong.MaxValue,
            segment => segment.Header.Count++,
            segment => segment.Header.Count = uint.MaxValue,
            segment => segment.Header.Cipher = 256,
            segment => segment.Header.KeyId++,
            segment => segment.Header.BodyLength++,
            segment => segment.Header.BodyLength = uint.MaxValue,
            segment => segment.Header.Opening = ByteString.CopyFrom(new byte[LogLimits.OpeningLength + 1]),
            segment => segment.Header.Opening = ByteString.CopyFrom(1),
            segment => segment.Header.Log = null,
            segment => segment.Header = null,
        };
        foreach (var change in changes)
        {
            var frame = Through(SegmentFrames.Write(Chain(count)));
            change(frame.Segments.Segments_[count - 1]);

            Assert.False(SegmentFrames.TryRead(frame.Segments, log.Conversation, out var read, out var fault));
            Assert.NotEmpty(fault);
            Assert.Empty(read);
        }
    }

    /// <summary>A2: a room's log begins with the room's word for its author; whoever passes on another one breaks the protocol.</summary>
    [Fact]
    public void A2_In_a_room_a_logs_first_segment_carries_the_admission_of_its_author()
    {
        var room = new RoomSecret(TestNode.Nonce(9));
        var inRoom = new CoreKey(room.Conversation, author.PeerId, 7);
        var first = Sign(inRoom.ToLogId().Empty, new Opening { Admission = ByteString.CopyFrom(room.Admit(author.PeerId)) }.ToByteArray());
        Assert.True(SegmentFrames.TryRead(Write(first), log.Conversation, out _, out var fault), fault);
        Assert.True(SegmentFrames.TryRead(Write(Sign(first.Head, [])), log.Conversation, out _, out fault), fault);
        foreach (var opening in new[] { new Opening(), new Opening { Admission = ByteString.CopyFrom(room.Admit(default)) } })
        {
            Assert.False(SegmentFrames.TryRead(Write(Sign(inRoom.ToLogId().Empty, opening.ToByteArray())), log.Conversation, out _, out fault));
            Assert.Contains("admission", fault, StringComparison.Ordinal);
        }

        Header Sign(CoreHead after, byte[] opening) => Header.Sign(author, inRoom, after, 1, [], opening);
        static Segments Write(Header header) => SegmentFrames.Write([(header, ReadOnlyMemory<byte>.Empty)]).Segments;
    }

    [Fact]
    public void Counts_are_bounded()
    {
        var segments = new Segments { Segments_ = { Enumerable.Repeat(new Segment(), FrameLimits.Segments + 1) } };
        var have = new Have { Logs = { Enumerable.Repeat(new Protocol.LogHead(), FrameLimits.HaveLogs + 1) } };
        var entries = new SegmentBody { Entries = { Enumerable.Repeat(new Entry(), FrameLimits.EphemeralEntries + 1) } };
        var ephemeral = TransientFrames.Write(log.Conversation, entries.ToByteArray()).Ephemeral;

        Assert.False(SegmentFrames.TryRead(segments, log.Conversation, out _, out _));
        Assert.False(SegmentFrames.TryRead(new Segments(), log.Conversation, out _, out _));
        Assert.False(HaveFrames.TryRead(have, out _, out _, out var fault));
        Assert.Contains("too many", fault, StringComparison.Ordinal);
        Assert.False(TransientFrames.TryRead(ephemeral, out _, out _));
    }

    [Fact]
    public void An_ephemeral_frame_has_a_conversation_and_at_least_one_message()
    {
        var body = new SegmentBody { Entries = { new Entry() } }.ToByteArray();
        Assert.True(TransientFrames.TryRead(TransientFrames.Write(log.Conversation, body).Ephemeral, out var read, out _));
        Assert.Equal((log.Conversation, 1), (read.Conversation, read.Count));
        Assert.False(TransientFrames.TryRead(TransientFrames.Write(log.Conversation, default).Ephemeral, out _, out _));
        Assert.False(TransientFrames.TryRead(TransientFrames.Write(log.Conversation, new byte[] { 0x0a, 0x7f, 1 }).Ephemeral, out _, out _));
        Assert.False(TransientFrames.TryRead(new Ephemeral { Body = ByteString.CopyFrom(body) }, out _, out _));
    }

    [Fact]
    public void The_fullest_frames_allowed_are_let_through_by_the_scan()
    {
        var tiny = Chain(FrameLimits.Segments, bodyLength: 0);
        var heads = Enumerable.Range(0, FrameLimits.HaveLogs).Select(_ => new LogHead(log, log.ToLogId(), tiny[0].Header.Head)).ToArray();
        var largest = SegmentFrames.Write(Chain(1, LogLimits.BodyLength));

        foreach (var frame in new[] { SegmentFrames.Write(tiny), HaveFrames.Write(heads, 5), largest })
        {
            Assert.InRange(frame.CalculateSize(), 1, FrameLimits.FrameLength);
            Assert.Equal(frame, Through(frame));
        }
    }

    [Fact]
    public void Haves_pass_whole_and_an_empty_logs_head_must_be_its_name()
    {
        var id = log.ToLogId();
        var heads = new[] { new LogHead(log, id, Chain(3)[2].Header.Head), new LogHead(log, id, id.Empty) };

        Assert.True(HaveFrames.TryRead(Through(HaveFrames.Write(heads, 9)).Have, out var read, out var through, out var fault), fault);
        Assert.Equal(heads, read);
        Assert.Equal(9u, through);
        Assert.True(HaveFrames.TryRead(Through(HaveFrames.Write([], null)).Have, out _, out through, out _));
        Assert.Null(through);

        var wrong = HaveFrames.Write([heads[0] with { Head = new CoreHead(0, heads[0].Head.Hash) }], null);
        Assert.False(HaveFrames.TryRead(wrong.Have, out _, out _, out _));
        Assert.False(HaveFrames.TryRead(HaveFrames.Write([], ulong.MaxValue).Have, out _, out _, out _));
        wrong = HaveFrames.Write([heads[0] with { Head = new CoreHead(ulong.MaxValue, heads[0].Head.Hash) }], null);
        Assert.False(HaveFrames.TryRead(wrong.Have, out _, out _, out _));
    }

    [Fact]
    public void Wants_and_refusals_pass_whole()
    {
        var id = log.ToLogId();
        var head = Chain(1)[0].Header.Head;

        Assert.True(WantFrames.TryRead(Through(WantFrames.WriteWant(id, head, standing: true)).Want, out var wanted, out var after, out _));
        Assert.Equal((id, head), (wanted, after));
        Assert.True(WantFrames.TryRead(Through(WantFrames.WriteUnwant(id)).Unwant, out wanted, out _));
        Assert.Equal(id, wanted);
        Assert.True(WantFrames.TryRead(Through(WantFrames.WriteRefuse(id, RefuseReason.Quota)).Refuse, out wanted, out var reason, out var erased, out _));
        Assert.Equal((id, RefuseReason.Quota), (wanted, reason));
        Assert.Null(erased);
        Assert.True(WantFrames.TryRead(WantFrames.WriteRefuse(id, (RefuseReason)99).Refuse, out _, out reason, out _, out _));
        Assert.Equal(RefuseReason.Unspecified, reason);
        Assert.False(WantFrames.TryRead(WantFrames.WriteWant(id, new CoreHead(0, head.Hash), standing: true).Want, out _, out _, out _));
    }

    [Theory]
    [InlineData(3, 9, true)]
    [InlineData(3, 3, false)]
    [InlineData(0, 3, false)]
    [InlineData(5, 3, false)]
    [InlineData(3, ulong.MaxValue, false)]
    public void What_was_erased_passes_where_it_makes_sense(ulong from, ulong heldFrom, bool makesSense)
    {
        var frame = Through(WantFrames.WriteRefuse(log.ToLogId(), RefuseReason.Pruned, new ErasedStretch(from, heldFrom)));
        Assert.True(WantFrames.TryRead(frame.Refuse, out _, out var reason, out var erased, out _));
        Assert.Equal((RefuseReason.Pruned, makesSense ? new ErasedStretch(from, heldFrom) : (ErasedStretch?)null), (reason, erased));
        var want = Through(WantFrames.WriteWant(log.ToLogId(), log.ToLogId().Empty, standing: true, 8)).Want;
        Assert.Equal(8u, want.ErasedThrough);
    }

    /// <summary>S1: a header without its body is its author's like any other, and says so openly.</summary>
    [Fact]
    public void Headers_alone_pass_and_fill_no_more_than_a_frame()
    {
        var chain = Chain(FrameLimits.Segments).Select(segment => (segment.Header, (ReadOnlyMemory<byte>?)null)).ToList();
        var frame = SegmentFrames.Write(chain);
        Assert.InRange(frame.CalculateSize(), 1, FrameLimits.FrameLength);
        Assert.Equal(FrameLimits.Segments * (long)LogLimits.HeaderWeight, chain.Sum(segment => (long)segment.Header.BareWeight));

        Assert.True(SegmentFrames.TryRead(Through(frame).Segments, log.Conversation, out var read, out var fault), fault);
        Assert.All(read, segment => Assert.Null(segment.Body));

        var segments = Through(frame).Segments;
        segments.Segments_[7].Body = ByteString.CopyFrom(1);
        Assert.False(SegmentFrames.TryRead(segments, log.Conversation, out _, out _));
        segments = Through(frame).Segments;
        segments.Segments_[7].Header.Signature = Flip(segments.Segments_[7].Header.Signature);
        Assert.False(SegmentFrames.TryRead(segments, log.Conversation, out _, out _));
        segments = Through(frame).Segments;
        segments.Segments_[7].Erased = false;
        Assert.False(SegmentFrames.TryRead(segments, log.Conversation, out _, out _));
    }

    [Fact]
    public void S4_a_fork_proof_must_prove_something()
    {
        var one = Chain(2);
        var other = Header.Sign(author, log, one[0].Header.Head, 1, [9], []);

        var proof = Through(ForkProofFrames.Write(one[1].Header, other)).ForkProof;
        Assert.True(ForkProofFrames.TryRead(proof, out var first, out var second, out var fault), fault);
        Assert.Equal((one[1].Header.Hash, other.Hash), (first!.Hash, second!.Hash));
        Assert.True(ForkProofFrames.TryRead(Through(ForkProofFrames.Write(other, null)).ForkProof, out _, out second, out _));
        Assert.Null(second);
        Assert.False(ForkProofFrames.TryRead(ForkProofFrames.Write(one[0].Header, one[1].Header).ForkProof, out _, out _, out _));
        Assert.False(ForkProofFrames.TryRead(ForkProofFrames.Write(other, other).ForkProof, out _, out _, out _));
        Assert.False(ForkProofFrames.TryRead(new Protocol.ForkProof(), out _, out _, out _));
    }

    [Fact]
    public void Proofs_of_rooms_have_a_length_and_are_not_too_many()
    {
        Assert.True(SharesFrames.TryRead(Through(SharesFrames.Write(Shares)).Shares, out var read, out _));
        Assert.Equal((Shares.Direct, 2), (read.Direct, read.Rooms.Count));
        Assert.True(SharesFrames.TryRead(null, out var nothing, out _));
        Assert.Equal(LinkShares.None, nothing);
        Assert.False(SharesFrames.TryRead(new Shares { Rooms = { ByteString.CopyFrom(new byte[31]) } }, out _, out _));
        Assert.False(SharesFrames.TryRead(
            new Shares { Rooms = { Enumerable.Repeat(ByteString.CopyFrom(new byte[32]), FrameLimits.Rooms + 1) } }, out _, out var fault));
        Assert.Contains("more rooms", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Hellos_pass_whole_and_names_are_cleaned()
    {
        var greeting = new Greeting(1, author.PeerId, TestNode.Nonce(1), new byte[64], 3, "bob", new HeardPosition(5, 6, 7), Shares, null);

        Assert.True(HelloFrames.TryRead(Through(HelloFrames.Write(greeting)).Hello, out var read, out var fault), fault);
        Assert.Equal(greeting with { Nonce = read!.Nonce, Signature = read.Signature, Shares = read.Shares }, read);
        Assert.Equal(greeting.Shares.Rooms, read.Shares.Rooms);
        Assert.True(read.Shares.Direct);
        Assert.True(HelloFrames.TryRead(HelloFrames.Write(greeting with { Name = "b\u001bob" }).Hello, out read, out _));
        Assert.Equal("b\\u{1B}ob", read!.Name);
        Assert.False(HelloFrames.TryRead(HelloFrames.Write(greeting with { Name = new string('ä', 33) }).Hello, out _, out _));
        Assert.False(HelloFrames.TryRead(HelloFrames.Write(greeting with { Nonce = new byte[31] }).Hello, out _, out _));
        Assert.False(HelloFrames.TryRead(HelloFrames.Write(greeting with { Signature = new byte[65] }).Hello, out _, out _));
        Assert.False(HelloFrames.TryRead(HelloFrames.Write(greeting with { Heard = new HeardPosition(1, ulong.MaxValue, 1) }).Hello, out _, out _));
        Assert.False(HelloFrames.TryRead(new Challenge(), out _, out _));
        Assert.Equal(
            (GoodbyeReason.Unspecified, "x\\u{A}"),
            HelloFrames.Read(new Goodbye { Reason = (GoodbyeReason)77, Detail = "x\n" }));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(ulong.MaxValue, false)]
    [InlineData(1UL << 63, false)]
    public void Credit_is_bounded(ulong bytes, bool good) =>
        Assert.Equal(good, TransientFrames.TryRead(new Credit { Bytes = bytes }, out _, out _));

    [Fact]
    public void V1_random_bytes_never_throw() =>
        Gen.Byte.Array[0, 400].Sample(bytes => Convert(bytes), iter: 20_000);

    [Fact]
    public void V1_mutated_frames_never_throw()
    {
        var chain = Chain(3);
        var good = new[]
        {
            SegmentFrames.Write(chain),
            HaveFrames.Write([new LogHead(log, log.ToLogId(), chain[2].Header.Head)], 3),
            WantFrames.WriteWant(log.ToLogId(), chain[0].Header.Head, standing: false),
            ForkProofFrames.Write(chain[0].Header, chain[1].Header),
            HelloFrames.Write(new Greeting(1, author.PeerId, TestNode.Nonce(1), new byte[64], 3, "bob", new HeardPosition(5, 6, 7), LinkShares.None, null)),
            HelloFrames.WriteGoodbye(GoodbyeReason.Busy, "later"),
            TransientFrames.Write(log.Conversation, new SegmentBody { Entries = { new Entry { Content = new Content { Text = "hi", Headers = { ["a"] = "b" } } } } }.ToByteArray()),
        }.Select(frame => new LinkRequest { Frame = frame }.ToByteArray()).ToArray();

        var change = Gen.Select(Gen.Int[0, 10_000], Gen.Byte);
        Gen.Select(Gen.Int[0, good.Length - 1], change.Array[1, 6], Gen.Int[0, 20]).Sample((which, mutations, cut) =>
        {
            var bytes = (byte[])good[which].Clone();
            foreach (var (at, value) in mutations)
                bytes[at % bytes.Length] ^= value;
            Convert(bytes[..Math.Max(0, bytes.Length - cut)]);
        }, iter: 20_000);
    }

    /// <summary>All that is done with bytes from a stranger up to the link's own rules. A fault always has a text.</summary>
    private static void Convert(byte[] bytes)
    {
        var inbound = LinkMethod.ReadRequest(new System.Buffers.ReadOnlySequence<byte>(bytes));
        var fault = inbound.Fault;
        var read = inbound.Frame is { } frame && frame.KindCase switch
        {
            Frame.KindOneofCase.Challenge => HelloFrames.TryRead(frame.Challenge, out _, out fault),
            Frame.KindOneofCase.Hello => HelloFrames.TryRead(frame.Hello, out _, out fault),
            Frame.KindOneofCase.Goodbye => HelloFrames.Read(frame.Goodbye).Detail.Length <= FrameLimits.DetailLength,
            Frame.KindOneofCase.Have => HaveFrames.TryRead(frame.Have, out _, out _, out fault),
            Frame.KindOneofCase.Want => WantFrames.TryRead(frame.Want, out _, out _, out fault),
            Frame.KindOneofCase.Unwant => WantFrames.TryRead(frame.Unwant, out _, out fault),
            Frame.KindOneofCase.Segments => SegmentFrames.TryRead(frame.Segments, default, out _, out fault),
            Frame.KindOneofCase.Credit => TransientFrames.TryRead(frame.Credit, out _, out fault),
            Frame.KindOneofCase.Refuse => WantFrames.TryRead(frame.Refuse, out _, out _, out _, out fault),
            Frame.KindOneofCase.ForkProof => ForkProofFrames.TryRead(frame.ForkProof, out _, out _, out fault),
            Frame.KindOneofCase.Ephemeral => TransientFrames.TryRead(frame.Ephemeral, out _, out fault),
            Frame.KindOneofCase.Shares => SharesFrames.TryRead(frame.Shares, out _, out fault),
            _ => true,
        };
        Assert.Equal(read, fault.Length == 0);
    }

    /// <summary>As it comes out at the other end of a link.</summary>
    private static Frame Through(Frame frame)
    {
        var payload = new System.Buffers.ReadOnlySequence<byte>(new LinkRequest { Frame = frame }.ToByteArray());
        var inbound = LinkMethod.ReadRequest(payload);
        Assert.Equal("", inbound.Fault);
        return inbound.Frame!;
    }

    private static ByteString Flip(ByteString bytes) => ByteString.CopyFrom([.. bytes.Span[..^1], (byte)(bytes[^1] ^ 1)]);

    private List<(Header Header, ReadOnlyMemory<byte>? Body)> Chain(int count, int bodyLength = 100)
    {
        var chain = new List<(Header, ReadOnlyMemory<byte>?)>();
        var head = log.ToLogId().Empty;
        for (var index = 0; index < count; index++)
        {
            var body = Enumerable.Repeat((byte)index, bodyLength).ToArray();
            var header = Header.Sign(author, log, head, 1, body, []);
            chain.Add((header, body));
            head = header.Head;
        }

        return chain;
    }
}
