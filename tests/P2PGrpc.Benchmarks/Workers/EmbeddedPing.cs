using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>One ephemeral message that goes back and forth between two nodes, each with its program in its process.</summary>
internal static class EmbeddedPing
{
    // An ephemeral message may be lost; then the next one goes out, and the lost one shows as a very long round.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public static async Task AskAsync(string data, string listen, string peers, int length)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        await using var peer = await EmbeddedPeer.StartAsync(data, listen, peers);
        await peer.WaitForLinksAsync(1);
        using var answered = new SemaphoreSlim(0);
        var request = new SendRequest { To = "bob", Text = Samples.Text(length), Ephemeral = true };
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(SendAsync), Task.Run(ReadAsync));

        async Task SendAsync()
        {
            while (true)
            {
                await gate.WaitAsync();
                var startedAt = TimeProvider.System.GetTimestamp();
                await peer.Node.SendAsync(request, CancellationToken.None);
                await answered.WaitAsync(Patience);
                tally.AddLatency(startedAt);
                tally.Add(1);
            }
        }

        async Task ReadAsync()
        {
            await foreach (var response in peer.Node.SubscribeAsync(new SubscribeRequest { StartAt = StartAt.End }, CancellationToken.None))
            {
                // The first response has no messages: it only says that nothing was waiting.
                if (response.Batches.Count > 0) answered.Release();
            }
        }
    }

    public static async Task AnswerAsync(string data, string listen, string peers, int length)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        await using var peer = await EmbeddedPeer.StartAsync(data, listen, peers);
        var answer = new SendRequest { To = "alice", Text = Samples.Text(length), Ephemeral = true };
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            await foreach (var response in peer.Node.SubscribeAsync(new SubscribeRequest { StartAt = StartAt.End }, CancellationToken.None))
            {
                if (response.Batches.Count == 0) continue;
                tally.Add(1);
                await peer.Node.SendAsync(answer, CancellationToken.None);
            }
        }));
    }
}
