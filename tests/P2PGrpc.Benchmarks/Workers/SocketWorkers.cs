using System.Globalization;
using NetMQ;
using NetMQ.Sockets;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>NetMQ: push and pull over TCP. Nothing is stored, nothing acknowledged; a full queue holds the sender back.</summary>
internal static class SocketWorkers
{
    private const int HighWaterMark = 10_000;

    public static async Task PullAsync(int port)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var socket = new PullSocket();
        socket.Options.ReceiveHighWatermark = HighWaterMark;
        socket.Bind(string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{port}"));
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(() =>
        {
            var message = new Msg();
            message.InitEmpty();
            while (true)
            {
                socket.Receive(ref message);
                tally.Add(1);
            }
        }));
    }

    public static async Task PushAsync(int port, int length)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var socket = new PushSocket();
        socket.Options.SendHighWatermark = HighWaterMark;
        socket.Connect(string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{port}"));
        var message = new byte[length];
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            while (true)
            {
                await gate.WaitAsync();
                socket.SendFrame(message);
                tally.Add(1);
            }
        }));
    }
}
