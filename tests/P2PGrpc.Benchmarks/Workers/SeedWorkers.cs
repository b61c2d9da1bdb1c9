using System.Net;
using System.Net.Sockets;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>The way of the Python program that this grew out of: a connection for each message, a thread for each connection, and a short reply.</summary>
internal static class SeedWorkers
{
    private static readonly byte[] Reply = "OK"u8.ToArray();

    public static async Task ServeAsync(int port)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                _ = Task.Run(() => AnswerAsync(client, tally));
            }
        }));
    }

    public static async Task SendAsync(int port, int length)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        var (message, reply) = (new byte[length], new byte[Reply.Length]);
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            while (true)
            {
                await gate.WaitAsync();
                var startedAt = TimeProvider.System.GetTimestamp();
                using var client = new TcpClient();
                // A reset at the end leaves no port behind in TIME_WAIT: there are only 28,000 of them.
                client.LingerState = new LingerOption(true, 0);
                await client.ConnectAsync(IPAddress.Loopback, port);
                var stream = client.GetStream();
                await stream.WriteAsync(message);
                await stream.ReadExactlyAsync(reply);
                tally.AddLatency(startedAt);
                tally.Add(1);
            }
        }));
    }

    private static async Task AnswerAsync(TcpClient client, Tally tally)
    {
        using (client)
        {
            try
            {
                var buffer = new byte[64 * 1024];
                var stream = client.GetStream();
                if (await stream.ReadAsync(buffer) == 0) return;
                tally.Add(1);
                await stream.WriteAsync(Reply);
                await stream.CopyToAsync(Stream.Null);
            }
            catch (IOException)
            {
                // The sender resets its connection when it has the reply.
            }
        }
    }
}
