using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Methods of PeerService with marshallers that neither encode nor materialise, so that the load driver is not what is measured.</summary>
internal static class RawMessages
{
    private static readonly Marshaller<byte[]> Bytes = new(
        (bytes, context) =>
        {
            context.SetPayloadLength(bytes.Length);
            context.GetBufferWriter().Write(bytes);
            context.Complete();
        },
        context => context.PayloadAsNewBuffer());

    /// <summary>SendStream with requests that are encoded already.</summary>
    public static readonly Method<byte[], SendStreamResponse> SendStream = new(
        MethodType.DuplexStreaming, PeerService.Descriptor.FullName, "SendStream", Bytes, Parsed(SendStreamResponse.Parser));

    /// <summary>Subscribe with answers that are only counted.</summary>
    public static readonly Method<SubscribeRequest, MessageCount> Subscribe = new(
        MethodType.ServerStreaming, PeerService.Descriptor.FullName, "Subscribe", Parsed(SubscribeRequest.Parser),
        new Marshaller<MessageCount>((_, _) => throw new NotSupportedException("Counts are only read."), context => Count(context.PayloadAsReadOnlySequence())));

    /// <summary>Opaque bytes one way and a small answer back: the bare stream that others are held against.</summary>
    public static readonly Method<byte[], byte[]> Opaque = new(MethodType.DuplexStreaming, "bench.Bare", "Opaque", Bytes, Bytes);

    /// <summary>Each message comes straight back.</summary>
    public static readonly Method<byte[], byte[]> PingPong = new(MethodType.DuplexStreaming, "bench.Bare", "PingPong", Bytes, Bytes);

    private static Marshaller<T> Parsed<T>(MessageParser<T> parser)
        where T : class, IMessage<T> => new(
        (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    private static MessageCount Count(ReadOnlySequence<byte> payload)
    {
        if (payload.IsSingleSegment)
            return new MessageCount(Count(payload.FirstSpan));
        var length = (int)payload.Length;
        var copy = ArrayPool<byte>.Shared.Rent(length);
        payload.CopyTo(copy);
        var count = Count(copy.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(copy);
        return new MessageCount(count);
    }

    private static int Count(ReadOnlySpan<byte> response)
    {
        var count = 0;
        for (var fields = new FieldWalk(response); fields.MoveNext();)
        {
            if (fields.Number != SubscribeResponse.BatchesFieldNumber) continue;
            for (var inner = new FieldWalk(fields.Value); inner.MoveNext();)
            {
                if (inner.Number == MessageBatch.MessagesFieldNumber) count++;
            }
        }
        return count;
    }
}

/// <summary>How many messages an answer of Subscribe holds.</summary>
internal sealed record MessageCount(int Messages);
