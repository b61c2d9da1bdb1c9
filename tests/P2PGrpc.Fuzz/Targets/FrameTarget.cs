using System.Buffers;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using LogHead = P2PGrpc.Core.Replication.LogHead;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>What arrives on a link, from the bytes of a gRPC message to what the replicator is told.</summary>
internal sealed class FrameTarget : FuzzTarget
{
    public override string Name => "frame";

    public override int MaximumLength => FrameLimits.MessageLength;

    /// <summary>A frame has at most 1100 parts, of which the smallest take about a hundred bytes each, and the checks here read it four times.</summary>
    public override long AllocationLimit(int length) => 512 * 1024 + 32L * length;

    public override IEnumerable<byte[]> MakeSeeds() => Frames().Select(frame => new LinkRequest { Frame = frame }.ToByteArray());

    public override byte[]? Vary(Random random, byte[] input)
    {
        LinkRequest message;
        try
        {
            message = LinkRequest.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }

        for (var times = 1 + random.Next(3); times > 0 && message.Frame is not null; times--)
            MessageMutator.Mutate(random, message.Frame);
        if (message.Frame?.KindCase == Frame.KindOneofCase.Segments && random.Next(2) == 0)
        {
            foreach (var segment in message.Frame.Segments.Segments_.Take(8).Where(segment => segment.Header is not null))
                segment.Header = Samples.SignAgain(segment.Header, segment.Body);
        }

        return message.ToByteArray();
    }

    public override string Run(byte[] input)
    {
        var inbound = LinkMethod.ReadRequest(new ReadOnlySequence<byte>(input));
        RequireSameInParts(input, inbound);
        if (inbound.Frame is not { } frame)
        {
            Require(inbound.Fault.Length > 0, "What is refused has a reason.");
            return inbound.Fault;
        }

        var again = LinkMethod.ReadRequest(new ReadOnlySequence<byte>(new LinkRequest { Frame = frame }.ToByteArray()));
        Require(frame.Equals(again.Frame), "A frame that is written again is the same.");
        var fault = Interpret(frame, out var accepted);
        Require(accepted != fault.Length > 0, "What is refused has a reason, and only that.");
        return accepted ? $"accepted {frame.KindCase}" : $"{frame.KindCase}: {fault}";
    }

    private static string Interpret(Frame frame, out bool accepted)
    {
        string fault;
        switch (frame.KindCase)
        {
            case Frame.KindOneofCase.Challenge:
                accepted = HelloFrames.TryRead(frame.Challenge, out _, out fault);
                break;
            case Frame.KindOneofCase.Hello:
                accepted = HelloFrames.TryRead(frame.Hello, out var greeting, out fault);
                Require(!accepted || greeting!.Name.Length <= FrameLimits.NameLength, "A name stays short.");
                break;
            case Frame.KindOneofCase.Goodbye:
                accepted = HelloFrames.Read(frame.Goodbye).Detail.Length <= FrameLimits.DetailLength;
                fault = accepted ? "" : "a detail is too long";
                break;
            case Frame.KindOneofCase.Ephemeral:
                accepted = TransientFrames.TryRead(frame.Ephemeral, out _, out fault);
                break;
            case Frame.KindOneofCase.Shares:
                accepted = SharesFrames.TryRead(frame.Shares, out var shares, out fault);
                Require(shares.Rooms.Count <= FrameLimits.Rooms, "Proofs are bounded.");
                break;
            case Frame.KindOneofCase.Members:
                accepted = MembersFrames.TryRead(frame.Members, out var members, out fault);
                Require(!accepted || members!.Records.Count <= FrameLimits.MemberRecords && members.Records.All(record => record.IsWellFormed()), "Records are bounded.");
                Require(!accepted || MembersFrames.TryRead(MembersFrames.Write(members!).Members, out _, out _), "What was read can be written.");
                break;
            case Frame.KindOneofCase.Recall:
                accepted = RecallFrames.TryRead(frame.Recall, out var question, out fault);
                Require(question.Before < FrameLimits.Position, "A position is in range.");
                break;
            case Frame.KindOneofCase.Recalled:
                accepted = RecallFrames.TryRead(frame.Recalled, Question, Samples.Conversation, out var stretch, out fault);
                RequireWellFormed(stretch);
                break;
            case Frame.KindOneofCase.Ping or Frame.KindOneofCase.None:
                (accepted, fault) = (true, "");
                break;
            default:
                accepted = LinkInputs.TryRead(new LinkId(1), Samples.Conversation, frame, out var inputs, out fault);
                RequireWellFormed(inputs);
                break;
        }

        return fault;
    }

    private static RecallQuestion Question { get; } = new(Samples.Log.Conversation, 900, 4);

    private static void RequireWellFormed(RecalledStretch stretch)
    {
        Require(stretch.Before < Question.Before, "An answer leads on.");
        foreach (var (header, body) in stretch.Segments)
        {
            Require(SegmentVerification.FindFault(header) is null, "S1: a segment whose signature does not hold went through.");
            Require(SegmentVerification.BodyMatches(header, body.Span), "S1: a body that was not signed went through.");
            Require(header.Log.Conversation == Question.Conversation, "S1: a segment of another conversation went through.");
        }
    }

    private static void RequireWellFormed(ReplicatorInput[] inputs)
    {
        foreach (var input in inputs)
        {
            switch (input)
            {
                case ReplicatorInput.Segment { Header: var header, Body: var body }:
                    Require(SegmentVerification.FindFault(header) is null, "S1: a segment whose signature does not hold went through.");
                    Require(SegmentVerification.BodyMatches(header, ((SegmentBytes)body).Body.Span), "S1: a body that was not signed went through.");
                    Require(SegmentBodyReader.Read(header, ((SegmentBytes)body).Body).Length == header.Count, "Each sequence has its place.");
                    break;
                case ReplicatorInput.Have have:
                    Require(have.Logs.All(log => log.Head.Sequence < LogLimits.Sequence && log.LogId == log.Log.ToLogId()), "A head is in range.");
                    Require(have.Through is null or < FrameLimits.Position, "A position is in range.");
                    break;
                case ReplicatorInput.Credit credit:
                    Require(credit.Bytes is > 0 and <= FrameLimits.CreditBytes, "Credit is in range.");
                    break;
                case ReplicatorInput.ForkProof { Second: { } second } proof:
                    Require(ForkRule.Proves(proof.First, second), "S4: a proof that proves nothing went through.");
                    break;
            }
        }
    }

    /// <summary>The same bytes in two pieces, as they come from a socket, are judged alike.</summary>
    private static void RequireSameInParts(byte[] input, InboundFrame whole)
    {
        var first = new Piece(input.AsMemory(0, input.Length / 3), 0);
        var last = first.Append(input.AsMemory(input.Length / 3));
        var inbound = LinkMethod.ReadResponse(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
        Require(inbound.Fault == whole.Fault && Equals(inbound.Frame, whole.Frame), "The same bytes in two pieces are judged otherwise.");
    }

    private static LinkShares Shares { get; } = new(true, new HashSet<Bytes32> { new(1, 2, 3, 4), new(5, 6, 7, 8) });

    private static IEnumerable<Frame> Frames()
    {
        var chain = Samples.Chain;
        var log = Samples.Log.ToLogId();
        yield return HelloFrames.WriteChallenge(new byte[HelloProof.NonceLength]);
        yield return HelloFrames.Write(new Greeting(
            1, Samples.Author.PeerId, new byte[HelloProof.NonceLength], new byte[IdentityKey.SignatureLength], 4711, "name", new HeardPosition(3, 9, 5),
            Shares, new InviteProof(new InviteId(Samples.Author.PeerId.Value), new byte[IdentityKey.SignatureLength])));
        yield return HelloFrames.WriteGoodbye(GoodbyeReason.Shutdown, "the node stops");
        yield return HaveFrames.Write([new LogHead(Samples.Log, log, chain[^1].Header.Head), new LogHead(Samples.Log, log, log.Empty)], 9);
        yield return WantFrames.WriteWant(log, chain[0].Header.Head, standing: true);
        yield return WantFrames.WriteUnwant(log);
        yield return WantFrames.WriteRefuse(log, RefuseReason.Damaged);
        yield return SegmentFrames.Write(chain.Select(segment => (segment.Header, (ReadOnlyMemory<byte>?)segment.Body)));
        yield return ForkProofFrames.Write(chain[0].Header, null);
        yield return ForkProofFrames.Write(
            chain[1].Header, Core.Logs.SegmentHeader.Sign(Samples.Author, Samples.Log, chain[0].Header.Head, 1, [1, 2], []));
        yield return TransientFrames.Write(Samples.Conversation, new SegmentBody { Entries = { new Entry { Clock = 5, Content = new Content { Text = "hello" } } } }.ToByteArray());
        yield return TransientFrames.WriteCredit(512 * 1024);
        yield return TransientFrames.WritePing(3, reply: true);
        yield return SharesFrames.Write(Shares);
        yield return MembersFrames.Write(new MembersMessage(
            Samples.Conversation, [Core.Rooms.AddressRecord.Sign(Samples.Author, Samples.Conversation, 3, ["host:5555", "[2001:db8::1]:1"])], 6, 40));
        yield return RecallFrames.Write(Question);
        yield return RecallFrames.Write(
            Question, new RecalledStretch([.. chain.AsEnumerable().Reverse().Select(segment => (segment.Header, (ReadOnlyMemory<byte>)segment.Body))], 7));
        yield return new Frame();
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
