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
        var request = new SendRequest { To = "bob", Text = Samples.Text(length), Ephemeral = true };
        // When the message that is under way went out; 0 while none is.
        var startedAt = 0L;
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(ReadAsync), Task.Run(BeginAgainAsync));

        async Task SendAsync()
        {
            await gate.WaitAsync();
            Volatile.Write(ref startedAt, TimeProvider.System.GetTimestamp());
            await peer.Node.SendAsync(request, CancellationToken.None);
        }

        async Task ReadAsync()
        {
            await foreach (var response in peer.Node.SubscribeAsync(new SubscribeRequest { StartAt = StartAt.End }, CancellationToken.None))
            {
                // The first response has no messages: it only says that nothing was waiting.
                if (response.Batches.Count > 0)
                {
                    tally.AddLatency(Interlocked.Exchange(ref startedAt, 0));
                    tally.Add(1);
                }
                await SendAsync();
            }
        }

        async Task BeginAgainAsync()
        {
            while (true)
            {
                await Task.Delay(Patience, TimeProvider.System);
                var last = Volatile.Read(ref startedAt);
                if (last > 0 && TimeProvider.System.GetElapsedTime(last) > Patience) await peer.Node.SendAsync(request, CancellationToken.None);
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
