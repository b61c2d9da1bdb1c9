using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Counts what a subscription hands out.</summary>
internal static class SubscribeReader
{
    public static async Task RunAsync(string address, string start)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var channel = Channels.Open(address);
        var request = new SubscribeRequest { StartAt = start == "start" ? StartAt.Start : StartAt.End };
        using var call = channel.CreateCallInvoker().AsyncServerStreamingCall(RawMessages.Subscribe, null, new CallOptions(), request);
        await call.ResponseHeadersAsync;
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None)) tally.Add(call.ResponseStream.Current.Messages);
        }));
    }
}
