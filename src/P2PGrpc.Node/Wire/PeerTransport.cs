using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace P2PGrpc.Node.Wire;

/// <summary>Opens a stream of bytes to whichever of these addresses answers first.</summary>
/// <returns>The stream, whose disposal cuts the connection, and the address that answered.</returns>
/// <exception cref="SocketException">None answers.</exception>
internal delegate ValueTask<(Stream Stream, EndPoint Remote)> OpenStream(IPAddress[] addresses, int port, CancellationToken cancellationToken);

/// <summary>How bytes get from node to node. TLS, HTTP/2 and all above it are the same whatever this is.</summary>
/// <param name="Open">For whoever dials.</param>
/// <param name="Listeners">For whoever is dialled; null for Kestrel's own, which are sockets.</param>
internal sealed record PeerTransport(OpenStream Open, IConnectionListenerFactory? Listeners)
{
    /// <summary>TCP, as nodes use it. The test kit has another, in memory.</summary>
    public static PeerTransport Tcp { get; } = new(OpenTcpAsync, null);

    private static async ValueTask<(Stream Stream, EndPoint Remote)> OpenTcpAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return (new NetworkStream(socket, ownsSocket: true), Plain(socket.RemoteEndPoint!));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static EndPoint Plain(EndPoint remote) => remote is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped
        ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port)
        : remote;
}
