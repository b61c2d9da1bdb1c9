using System.Buffers.Binary;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Drives a bare server: typed batches, opaque frames, or one message that goes back and forth.</summary>
internal static class BareDriver
{
    /// <summary>Messages that may be unanswered at a time.</summary>
    private const int Outstanding = 64 * 256;

    public static Task RunAsync(string kind, string address, int length, int batch) => kind switch
    {
        "typed" => SendTypedAsync(address, length, batch),
        "opaque" => SendOpaqueAsync(address, length, batch),
        "ping" => PingAsync(address, length),
        _ => throw new ArgumentException($"no such load: {kind}", nameof(kind)),
    };

    // What a program with generated code would do: message objects on both sides.
    private static async Task SendTypedAsync(string address, int length, int batch)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var channel = Channels.Open(address);
        using var call = new PeerService.PeerServiceClient(channel).SendStream();
        var request = Samples.Batch("bob", length, batch, ephemeral: true);
        await PumpAsync(tally, gate, batch, call.RequestStream, () => request, call.ResponseStream, answer => (int)answer.Count);
    }

    private static async Task SendOpaqueAsync(string address, int length, int batch)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var channel = Channels.Open(address);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(RawMessages.Opaque, null, new CallOptions());
        // About the bytes that the same messages have in Protobuf: two lengths and two tags each.
        var request = new byte[sizeof(int) + (batch * (length + 4))];
        BinaryPrimitives.WriteInt32LittleEndian(request, batch);
        await PumpAsync(tally, gate, batch, call.RequestStream, () => request, call.ResponseStream, answer => BinaryPrimitives.ReadInt32LittleEndian(answer));
    }

    private static async Task PumpAsync<TRequest, TResponse>(
        Tally tally, LoadGate gate, int batch, IClientStreamWriter<TRequest> requests, Func<TRequest> next,
        IAsyncStreamReader<TResponse> responses, Func<TResponse, int> count)
    {
        using var room = new SemaphoreSlim(0);
        var unanswered = 0L;
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(WriteAsync), Task.Run(ReadAsync));

        async Task WriteAsync()
        {
            while (true)
            {
                await gate.WaitAsync();
                while (Interlocked.Read(ref unanswered) >= Outstanding) await room.WaitAsync();
                Interlocked.Add(ref unanswered, batch);
                await requests.WriteAsync(next());
            }
        }

        async Task ReadAsync()
        {
            while (await responses.MoveNext(CancellationToken.None))
            {
                var answered = count(responses.Current);
                tally.Add(answered);
                Interlocked.Add(ref unanswered, -answered);
                if (room.CurrentCount == 0) room.Release();
            }
        }
    }

    private static async Task PingAsync(string address, int length)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var channel = Channels.Open(address);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(RawMessages.PingPong, null, new CallOptions());
        var message = new byte[length];
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            while (true)
            {
                await gate.WaitAsync();
                var startedAt = TimeProvider.System.GetTimestamp();
                await call.RequestStream.WriteAsync(message);
                if (!await call.ResponseStream.MoveNext(CancellationToken.None)) throw new InvalidOperationException("the stream ended");
                tally.AddLatency(startedAt);
                tally.Add(1);
            }
        }));
    }
}
