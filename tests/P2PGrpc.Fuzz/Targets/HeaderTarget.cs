using Google.Protobuf;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>A segment's header as it lies on the wire and in the store.</summary>
internal sealed class HeaderTarget : FuzzTarget
{
    public override string Name => "header";

    public override IEnumerable<byte[]> MakeSeeds() => Samples.Chain.Select(segment => SegmentCodec.Write(segment.Header).ToByteArray());

    public override byte[]? Vary(Random random, byte[] input)
    {
        try
        {
            var message = Protocol.SegmentHeader.Parser.ParseFrom(input);
            MessageMutator.Mutate(random, message);
            if (random.Next(2) == 0)
                message = Samples.SignAgain(message, ByteString.Empty);
            return message.ToByteArray();
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    public override string Run(byte[] input)
    {
        Protocol.SegmentHeader message;
        try
        {
            message = Protocol.SegmentHeader.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return "no Protobuf";
        }

        if (SegmentCodec.Read(message) is not { } header)
            return "malformed";
        var again = SegmentCodec.Read(SegmentCodec.Write(header));
        Require(again is not null && again.Hash == header.Hash && again.Head == header.Head, "A header that is written again is the same.");
        Require(header.Weight > 0 && header.LastSequence >= header.FirstSequence, "A header's numbers are in range.");
        _ = AppendRule.Judge(Samples.Chain[0].Header.Head, header);
        _ = ForkRule.Proves(Samples.Chain[1].Header, header);
        return SegmentVerification.FindFault(header) is { } fault ? fault : "accepted";
    }
}
