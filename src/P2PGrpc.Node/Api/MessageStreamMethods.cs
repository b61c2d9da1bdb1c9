using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Delivery;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>Tells gRPC about the two streams of messages with marshallers of our own, which leave messages encoded where they can.</summary>
internal sealed class MessageStreamMethods : IServiceMethodProvider<MessageStreamService>
{
    private static readonly Method<OutgoingBatch, SendStreamResponse> SendStream = new(
        MethodType.DuplexStreaming,
        PeerService.Descriptor.FullName,
        nameof(SendStream),
        new Marshaller<OutgoingBatch>(static (_, _) => throw new NotSupportedException(), static context => OutgoingBatch.Read(context.PayloadAsReadOnlySequence())),
        new Marshaller<SendStreamResponse>(LinkMethod.Write, static context => SendStreamResponse.Parser.ParseFrom(context.PayloadAsReadOnlySequence())));

    private static readonly Method<SubscribeRequest, EncodedResponse> Subscribe = new(
        MethodType.ServerStreaming,
        PeerService.Descriptor.FullName,
        nameof(Subscribe),
        new Marshaller<SubscribeRequest>(LinkMethod.Write, static context => SubscribeRequest.Parser.ParseFrom(context.PayloadAsReadOnlySequence())),
        new Marshaller<EncodedResponse>(Write, static _ => throw new NotSupportedException()));

    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<MessageStreamService> context)
    {
        context.AddDuplexStreamingMethod(SendStream, [], static (service, requests, responses, call) => service.SendStreamAsync(requests, responses, call));
        context.AddServerStreamingMethod(Subscribe, [], static (service, request, responses, call) => service.SubscribeAsync(request, responses, call));
    }

    private static void Write(EncodedResponse response, SerializationContext context)
    {
        context.SetPayloadLength(response.Length);
        response.WriteTo(context.GetBufferWriter());
        context.Complete();
    }
}
