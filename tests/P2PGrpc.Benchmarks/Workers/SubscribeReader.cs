using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Counts what subscriptions hand out: of several at the same node only the first counts, the others just read.</summary>
internal static class SubscribeReader
{
    public static async Task RunAsync(string address, string start, int count)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var channel = Channels.Open(address);
        var request = new SubscribeRequest { StartAt = start == "start" ? StartAt.Start : StartAt.End };
        var invoker = channel.CreateCallInvoker();
        var reading = new List<Task>();
        for (var i = 0; i < count; i++)
        {
            var call = invoker.AsyncServerStreamingCall(RawMessages.Subscribe, null, new CallOptions(), request);
            await call.ResponseHeadersAsync;
            var counted = i == 0 ? tally : new Tally();
            reading.Add(Task.Run(() => ReadAsync(call, counted)));
        }
        await WorkerConsole.ServeAsync(tally, gate, [.. reading]);
    }

    private static async Task ReadAsync(AsyncServerStreamingCall<MessageCount> call, Tally tally)
    {
        using (call)
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None)) tally.Add(call.ResponseStream.Current.Messages);
        }
    }
}
