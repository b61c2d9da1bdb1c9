using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Produces messages into a node of its own process by SendBatchAsync.</summary>
internal static class EmbeddedProducer
{
    /// <summary>Batches that are under way at a time.</summary>
    private const int Outstanding = 8;

    public static async Task RunAsync(string data, string listen, string peers, int length, int batch, bool ephemeral)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        await using var peer = await EmbeddedPeer.StartAsync(data, listen, peers);
        await peer.WaitForLinksAsync(1);
        using var window = new EphemeralWindow(peer.Node);
        Task[] work = ephemeral
            ? [Task.Run(SendEphemeralAsync), Task.Run(window.ReadAsync)]
            : [.. Enumerable.Range(0, Outstanding).Select(_ => Task.Run(SendDurableAsync))];
        await WorkerConsole.ServeAsync(tally, gate, work);

        // Each loop has messages of its own: they are made once, sent many times.
        async Task SendDurableAsync()
        {
            var request = Samples.Batch("bob", length, batch, ephemeral: false);
            while (true)
            {
                await gate.WaitAsync();
                var startedAt = TimeProvider.System.GetTimestamp();
                Check(await peer.Node.SendBatchAsync(request, CancellationToken.None));
                tally.AddLatency(startedAt);
                tally.Add(request.Messages.Count);
            }
        }

        async Task SendEphemeralAsync()
        {
            var request = Samples.Batch("bob", length, batch, ephemeral: true);
            while (true)
            {
                await gate.WaitAsync();
                await window.TakeAsync(request.Messages.Count);
                Check(await peer.Node.SendBatchAsync(request, CancellationToken.None));
                tally.Add(request.Messages.Count);
            }
        }
    }

    private static void Check(SendStreamResponse answer)
    {
        if (answer.Refused.Count > 0) throw new InvalidOperationException($"refused: {answer.Refused[0].Detail}");
    }
}
