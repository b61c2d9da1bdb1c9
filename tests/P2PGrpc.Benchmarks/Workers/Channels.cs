using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Net.Client;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Opens channels to a Unix socket (by its path) or to https://… with any certificate: whom one talks to is not what is measured.</summary>
internal static class Channels
{
    private const int StreamWindow = 4 * 1024 * 1024;

    public static GrpcChannel Open(string address)
    {
        var isSocket = address.StartsWith('/');
        var handler = new SocketsHttpHandler { UseProxy = false, InitialHttp2StreamWindowSize = StreamWindow, EnableMultipleHttp2Connections = true };
        if (isSocket)
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(address, cancellationToken);
        handler.SslOptions = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls13, RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null };
        return GrpcChannel.ForAddress(isSocket ? "http://localhost" : address, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null,
        });
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
