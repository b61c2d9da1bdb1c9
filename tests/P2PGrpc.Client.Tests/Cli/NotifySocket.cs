using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>The end at which systemd would listen.</summary>
internal sealed class NotifySocket : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    /// <param name="path">As it stands in NOTIFY_SOCKET: a path, or a name in the abstract namespace with '@' before it.</param>
    public NotifySocket(string path)
    {
        Path = path;
        socket.Bind(new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
    }

    public string Path { get; }

    /// <summary>A name that nobody else on this machine uses.</summary>
    public static string MakeAbstractName() => $"@p2pgrpc-{RandomNumberGenerator.GetHexString(16)}";

    /// <summary>The next datagram.</summary>
    public async Task<string> ReceiveAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        var buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, limit.Token));
    }

    /// <summary>Passes over datagrams until one holds this.</summary>
    public async Task<string> ReceiveUntilAsync(string part)
    {
        while (true)
            if (await ReceiveAsync() is var datagram && datagram.Contains(part, StringComparison.Ordinal))
                return datagram;
    }

    public void Dispose() => socket.Dispose();
}
