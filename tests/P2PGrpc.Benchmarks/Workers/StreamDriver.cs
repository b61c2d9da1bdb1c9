using Google.Protobuf;
using Grpc.Core;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Batches through SendStream as fast as they are answered: the same encoded bytes over and over.</summary>
internal static class StreamDriver
{
    /// <param name="address">The node's socket, or a bare server.</param>
    /// <param name="to">To whom.</param>
    /// <param name="length">Bytes of text in a message.</param>
    /// <param name="batch">Messages in a request.</param>
    /// <param name="outstanding">Requests that may be unanswered at a time.</param>
    public static async Task RunAsync(string address, string to, int length, int batch, int outstanding)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var channel = Channels.Open(address);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(RawMessages.SendStream, null, new CallOptions());
        var request = Samples.Batch(to, length, batch, ephemeral: false).ToByteArray();
        using var room = new SemaphoreSlim(outstanding);
        var starts = new Queue<long>();
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(WriteAsync), Task.Run(ReadAsync));

        async Task WriteAsync()
        {
            while (true)
            {
                await gate.WaitAsync();
                await room.WaitAsync();
                lock (starts) starts.Enqueue(TimeProvider.System.GetTimestamp());
                await call.RequestStream.WriteAsync(request);
            }
        }

        async Task ReadAsync()
        {
            while (await call.ResponseStream.MoveNext())
            {
                var answer = call.ResponseStream.Current;
                if (answer.Refused.Count > 0) throw new InvalidOperationException($"refused: {answer.Refused[0].Detail}");
                long startedAt;
                lock (starts) startedAt = starts.Dequeue();
                tally.AddLatency(startedAt);
                tally.Add(answer.Count);
                room.Release();
            }
        }
    }
}
