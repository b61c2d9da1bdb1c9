using System.Globalization;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Consumes messages from a node of its own process by SubscribeAsync.</summary>
internal static class EmbeddedConsumer
{
    public static async Task RunAsync(string data, string listen, string peers, string start)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        await using var peer = await EmbeddedPeer.StartAsync(data, listen, peers);
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            var request = new SubscribeRequest { StartAt = start == "start" ? StartAt.Start : StartAt.End };
            var told = 0L;
            await foreach (var response in peer.Node.SubscribeAsync(request, CancellationToken.None))
            {
                var ephemeral = false;
                foreach (var batch in response.Batches)
                {
                    tally.Add(batch.Messages.Count);
                    ephemeral |= batch.Ephemeral;
                }
                if (!ephemeral || tally.Total - told < EphemeralWindow.AnswerEvery) continue;
                told = tally.Total;
                var answer = new SendRequest { To = "alice", Text = told.ToString(CultureInfo.InvariantCulture), Ephemeral = true };
                await peer.Node.SendAsync(answer, CancellationToken.None);
            }
        }));
    }
}
