using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>What came on a link: a frame, or null and what is wrong. Faults are values here, so that bad input causes neither exceptions
/// nor
/// the framework's log lines.</summary>
internal sealed record InboundFrame(Frame? Frame, string Fault);

/// <summary>PeerService.Link with marshallers of our own: they bound what is parsed, drop unknown fields, and report faults as
/// values.</summary>
internal static class LinkMethod
{
    private const string Name = "Link";

    private static readonly MessageParser<LinkRequest> RequestParser = LinkRequest.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<LinkResponse> ResponseParser = LinkResponse.Parser.WithDiscardUnknownFields(true);

    /// <summary>As the dialling node calls it.</summary>
    public static readonly Method<Frame, InboundFrame> Dialled = new(
        MethodType.DuplexStreaming,
        PeerService.Descriptor.FullName,
        Name,
        new Marshaller<Frame>((frame, context) => Write(new LinkRequest { Frame = frame }, context), ReadNever<Frame>),
        new Marshaller<InboundFrame>(WriteNever, context => ReadResponse(context.PayloadAsReadOnlySequence())));

    /// <summary>As the node that was dialled serves it.</summary>
    public static readonly Method<InboundFrame, Frame> Served = new(
        MethodType.DuplexStreaming,
        PeerService.Descriptor.FullName,
        Name,
        new Marshaller<InboundFrame>(WriteNever, context => ReadRequest(context.PayloadAsReadOnlySequence())),
        new Marshaller<Frame>((frame, context) => Write(new LinkResponse { Frame = frame }, context), ReadNever<Frame>));

    /// <summary>Parses what a dialling node sent. Never throws.</summary>
    public static InboundFrame ReadRequest(ReadOnlySequence<byte> payload) =>
        Read(payload, static bytes => RequestParser.ParseFrom(bytes).Frame);

    /// <summary>Parses what a node that was dialled sent. Never throws.</summary>
    public static InboundFrame ReadResponse(ReadOnlySequence<byte> payload) =>
        Read(payload, static bytes => ResponseParser.ParseFrom(bytes).Frame);

    private static InboundFrame Read(ReadOnlySequence<byte> payload, Func<ReadOnlySequence<byte>, Frame?> parse)
    {
        if (!FrameScan.IsBounded(payload, FrameLimits.Fields))
            return new InboundFrame(null, "a frame is malformed or has too many parts");
        try
        {
            return parse(payload) is { } frame
                ? new InboundFrame(frame, "")
                : new InboundFrame(null, "a message holds no frame");
        }
        catch (InvalidProtocolBufferException)
        {
            return new InboundFrame(null, "a frame is malformed");
        }
    }

    /// <summary>Writes a message as the generated marshallers do.</summary>
    public static void Write(IMessage message, SerializationContext context)
    {
        context.SetPayloadLength(message.CalculateSize());
        message.WriteTo(context.GetBufferWriter());
        context.Complete();
    }

    private static void WriteNever(InboundFrame frame, SerializationContext context) =>
        throw new NotSupportedException("Inbound frames are only read.");

    private static T ReadNever<T>(DeserializationContext context) =>
        throw new NotSupportedException("Outbound frames are only written.");
}
