using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks;

/// <summary>Batches through SendStream as fast as they are answered, and the reader at the other end.</summary>
internal static class StreamLoad
{
    /// <summary>Messages a second that are answered, or that the reader got if there is one.</summary>
    /// <param name="settings">How long.</param>
    /// <param name="sender">Where to send.</param>
    /// <param name="reader">Where to subscribe; null counts the answers.</param>
    public static async Task<double> RunAsync(BenchmarkSettings settings, NodeClient sender, NodeClient? reader)
    {
        using var stopping = new CancellationTokenSource();
        var count = new Counter();
        var reading = reader is null ? Task.CompletedTask : await SubscribeAsync(reader, count, stopping.Token);
        var sending = SendAsync(sender, reader is null ? count : new Counter(), stopping.Token);

        await Eventually.PauseAsync((int)settings.WarmUp.TotalMilliseconds);
        var (before, started) = (count.Value, TimeProvider.System.GetTimestamp());
        await Task.WhenAny(Eventually.PauseAsync((int)settings.Measured.TotalMilliseconds), sending, reading.IsCompleted ? sending : reading);
        var rate = (count.Value - before) / TimeProvider.System.GetElapsedTime(started).TotalSeconds;

        await stopping.CancelAsync();
        await sending;
        await reading;
        return rate;
    }

    private static async Task SendAsync(NodeClient client, Counter answered, CancellationToken stopping)
    {
        var request = new SendStreamRequest { To = "bob" };
        var text = new string('x', BenchmarkSettings.MessageLength);
        for (var i = 0; i < BenchmarkSettings.BatchSize; i++) request.Messages.Add(new Content { Text = text });
        using var call = client.Peer.SendStream(cancellationToken: CancellationToken.None);
        using var room = new SemaphoreSlim(BenchmarkSettings.Outstanding);
        var answers = Task.Run(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                var answer = call.ResponseStream.Current;
                if (answer.Refused.Count > 0) throw new InvalidOperationException($"refused: {answer.Refused[0].Detail}");
                answered.Add(answer.Count);
                room.Release();
            }
        }, CancellationToken.None);
        while (!stopping.IsCancellationRequested)
        {
            await room.WaitAsync(CancellationToken.None);
            await call.RequestStream.WriteAsync(request, CancellationToken.None);
        }
        await call.RequestStream.CompleteAsync();
        await answers;
    }

    // Gives the reading task once the subscription stands.
    private static async Task<Task> SubscribeAsync(NodeClient client, Counter received, CancellationToken stopping)
    {
        var call = client.Peer.Subscribe(new SubscribeRequest { StartAt = StartAt.End }, cancellationToken: stopping);
        await call.ResponseHeadersAsync;
        return Task.Run(async () =>
        {
            using (call)
            {
                try
                {
                    while (await call.ResponseStream.MoveNext(stopping))
                        received.Add((uint)call.ResponseStream.Current.Batches.Sum(batch => batch.Messages.Count));
                }
                catch (Exception e) when (stopping.IsCancellationRequested && e is Grpc.Core.RpcException or OperationCanceledException)
                {
                }
            }
        }, CancellationToken.None);
    }

    private sealed class Counter
    {
        private long value;

        public long Value => Interlocked.Read(ref value);

        public void Add(uint more) => Interlocked.Add(ref value, more);
    }
}
