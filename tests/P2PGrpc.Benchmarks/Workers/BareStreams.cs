using System.Buffers.Binary;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Streams of opaque bytes: counted, or sent straight back.</summary>
internal sealed class BareStreams(Tally tally)
{
    /// <summary>Messages after which one answer goes back.</summary>
    public const int AnswerEvery = 256;

    /// <summary>Counts frames whose first four bytes say how many messages they hold, and answers with the sum now and then.</summary>
    public async Task CountAsync(IAsyncStreamReader<byte[]> requests, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        var unanswered = 0;
        while (await requests.MoveNext(context.CancellationToken))
        {
            var messages = BinaryPrimitives.ReadInt32LittleEndian(requests.Current);
            tally.Add(messages);
            unanswered += messages;
            if (unanswered < AnswerEvery) continue;
            await responses.WriteAsync(BitConverter.GetBytes(unanswered));
            unanswered = 0;
        }
    }

    public async Task ReturnAsync(IAsyncStreamReader<byte[]> requests, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        while (await requests.MoveNext(context.CancellationToken))
        {
            tally.Add(1);
            await responses.WriteAsync(requests.Current);
        }
    }
}

/// <summary>Offers <see cref="BareStreams"/> by methods with raw marshallers.</summary>
internal sealed class BareMethods : IServiceMethodProvider<BareStreams>
{
    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<BareStreams> context)
    {
        context.AddDuplexStreamingMethod(
            RawMessages.Opaque, [], (service, requests, responses, call) => service.CountAsync(requests, responses, call));
        context.AddDuplexStreamingMethod(
            RawMessages.PingPong, [], (service, requests, responses, call) => service.ReturnAsync(requests, responses, call));
    }
}
