using System.Net.Sockets;
using System.Text;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>Stands in for systemd: listens to what a node tells of itself, and can be read datagram by datagram.</summary>
internal sealed class Supervisor : IDisposable
{
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly string path;

    public Supervisor(string folder)
    {
        path = Path.Combine(folder, "notify");
        socket.Bind(new UnixDomainSocketEndPoint(path));
    }

    /// <summary>What a node is to be run under, so that it finds this supervisor, with this time until its watchdog goes off.</summary>
    public IReadOnlyList<string> Wrapper(TimeSpan watchdog) =>
        ["/usr/bin/env", $"NOTIFY_SOCKET={path}", $"WATCHDOG_USEC={watchdog.TotalMicroseconds:0}"];

    /// <summary>The next datagram.</summary>
    public async Task<string> ReceiveAsync()
    {
        using var limit = new CancellationTokenSource(Eventually.Generous, TimeProvider.System);
        var buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, limit.Token));
    }

    /// <summary>Passes over datagrams until one holds this.</summary>
    public async Task<string> ReceiveUntilAsync(string part)
    {
        while (true)
        {
            if (await ReceiveAsync() is var datagram && datagram.Contains(part, StringComparison.Ordinal)) return datagram;
        }
    }

    public void Dispose() => socket.Dispose();
}
