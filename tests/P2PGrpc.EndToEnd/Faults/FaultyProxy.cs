using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>A TCP proxy in front of a node that treats its connections badly on demand: resets them, closes them half, delays or stalls a direction,
/// cuts in the midst of a frame.</summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private readonly int target;
    private readonly TcpListener listener;
    private readonly CancellationTokenSource ending = new();
    private readonly ConcurrentDictionary<Connection, bool> connections = [];
    private readonly Task accepting;
    private int truncations;

    public FaultyProxy(int target)
    {
        this.target = target;
        Port = Ports.Take();
        listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>How long each piece of data waits.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Nothing goes to the node.</summary>
    public bool StallsForth { get; set; }

    /// <summary>Nothing comes from the node.</summary>
    public bool StallsBack { get; set; }

    /// <summary>How many connections there were.</summary>
    public int Accepted { get; private set; }

    /// <summary>Resets all connections.</summary>
    public void Reset()
    {
        foreach (var connection in connections.Keys) connection.Reset();
    }

    /// <summary>Says in one direction of all connections that no more will come, and goes on in the other.</summary>
    public void CloseHalf(bool forth)
    {
        foreach (var connection in connections.Keys) connection.CloseHalf(forth);
    }

    /// <summary>Lets through half of the next piece of data and resets its connection.</summary>
    public void Truncate() => Interlocked.Exchange(ref truncations, 1);

    public void Heal() => (Delay, StallsForth, StallsBack) = (TimeSpan.Zero, false, false);

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Dispose();
        Reset();
        await accepting;
        ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var running = new List<Task>();
        try
        {
            while (true)
            {
                var near = await listener.AcceptSocketAsync(ending.Token);
                Accepted++;
                running.Add(RunAsync(near));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(running);
        }
    }

    private async Task RunAsync(Socket near)
    {
        var connection = new Connection(near, new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        connections[connection] = true;
        try
        {
            near.NoDelay = true;
            await connection.Far.ConnectAsync(IPAddress.Loopback, target, ending.Token);
            await Task.WhenAll(
                PumpAsync(connection, connection.Near, connection.Far, forth: true), PumpAsync(connection, connection.Far, connection.Near, forth: false));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One end is gone; so is the connection.
        }
        finally
        {
            connections.TryRemove(connection, out _);
            connection.Reset();
        }
    }

    private async Task PumpAsync(Connection connection, Socket from, Socket to, bool forth)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, ending.Token) is > 0 and var length)
            {
                if (Delay > TimeSpan.Zero) await Task.Delay(Delay, TimeProvider.System, ending.Token);
                while (forth ? StallsForth : StallsBack) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, ending.Token);
                var truncates = Interlocked.Exchange(ref truncations, 0) == 1;
                await SendAsync(to, buffer.AsMemory(0, truncates ? length / 2 : length));
                if (truncates) connection.Reset();
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            connection.Reset();
        }
    }

    private async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await to.SendAsync(bytes, ending.Token)..];
    }

    private sealed record Connection(Socket Near, Socket Far)
    {
        public void Reset()
        {
            foreach (var socket in new[] { Near, Far }) socket.Close(0);
        }

        public void CloseHalf(bool forth)
        {
            try
            {
                (forth ? Far : Near).Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It is closed altogether.
            }
        }
    }
}
