using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Callers of the unary Send, each with one call at a time.</summary>
internal static class UnaryDriver
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="address">The node's socket, or a bare server.</param>
    /// <param name="length">Bytes of text in a message.</param>
    /// <param name="callers">How many call at a time.</param>
    /// <param name="mode">What the answer shall mean: ephemeral, accepted or delivered.</param>
    public static async Task RunAsync(string address, int length, int callers, string mode)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var channel = Channels.Open(address);
        var client = new PeerService.PeerServiceClient(channel);
        var request = new SendRequest
        {
            To = "bob",
            Text = Samples.Text(length),
            Ephemeral = mode == "ephemeral",
            WaitFor = mode == "delivered" ? DeliveryState.Delivered : DeliveryState.Unspecified,
        };
        await WorkerConsole.ServeAsync(tally, gate, [.. Enumerable.Range(0, callers).Select(_ => Task.Run(CallAsync))]);

        async Task CallAsync()
        {
            while (true)
            {
                await gate.WaitAsync();
                var startedAt = TimeProvider.System.GetTimestamp();
                var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + Patience;
                var answer = await client.SendAsync(request, deadline: deadline);
                if (request.WaitFor == DeliveryState.Delivered && answer.State != DeliveryState.Delivered)
                    throw new InvalidOperationException($"the answer was {answer.State}");
                tally.AddLatency(startedAt);
                tally.Add(1);
            }
        }
    }
}
