using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace P2PGrpc.Client;

/// <summary>The HTTP/2 channel to a node, over its Unix socket or TCP, made as the options say.</summary>
internal static class NodeChannel
{
    /// <summary>Makes the channel; nothing is connected before the first call.</summary>
    /// <exception cref="ArgumentException">The certificate file can't be used.</exception>
    public static (GrpcChannel Channel, CallInvoker Invoker) Open(P2PGrpcClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectTimeout = ClientLimits.ConnectTimeout,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = ClientLimits.KeepAliveDelay,
            KeepAlivePingTimeout = ClientLimits.KeepAliveTimeout,
            EnableMultipleHttp2Connections = true,
        };
        TokenSource token;
        Uri address;
        if (options.Address is null)
        {
            var directory = new NodeDirectory(options.DataDirectory ?? NodeDirectory.FindDefault(Environment.GetEnvironmentVariable));
            // The directory is looked at for each connection: a node that starts later, or elsewhere, is found.
            handler.ConnectCallback = async (_, cancellationToken) => await ConnectAsync(directory, cancellationToken);
            token = TokenSource.FromDirectory(directory);
            address = new Uri("http://localhost");
        }
        else
        {
            _ = NodeAddress.TryParse(options.Address, out var uri);
            address = uri!;
            handler.ConnectCallback = async (_, cancellationToken) => await ConnectAsync(address.IdnHost, address.Port, cancellationToken);
            token = options.TokenFile is { } file ? TokenSource.FromFile(file)
                : options.Token is { } text ? TokenSource.Fixed(text)
                : TokenSource.None;
            if (options.ServerCertificateFile is { } certificate)
                handler.SslOptions = Pin(certificate);
        }
        var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = ClientLimits.ReceiveBytes,
        });
        return (channel, channel.Intercept(new TokenInterceptor(token)).Intercept(options.GetInterceptors()));
    }

    private static async Task<Stream> ConnectAsync(NodeDirectory directory, CancellationToken cancellationToken)
    {
        if (File.Exists(directory.SocketPath))
        {
            try
            {
                return await ConnectAsync(
                    new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
                    new UnixDomainSocketEndPoint(directory.SocketPath), cancellationToken);
            }
            catch (SocketException fault) when (fault.SocketErrorCode == SocketError.AccessDenied)
            {
                throw new NodeNotFoundException($"{directory.SocketPath} belongs to another user.", fault);
            }
            catch (SocketException fault)
            {
                throw new NodeNotFoundException($"No node runs on {directory.Path}: nothing answers at its socket.", fault);
            }
        }
        if (Directory.Exists(directory.SocketPath))
            throw new NodeNotFoundException($"{directory.SocketPath} is a directory, where a node's socket belongs. Move it away, and start the node again.");
        if (File.Exists(directory.Path))
            throw new NodeNotFoundException($"{directory.Path} is a file, where the data directory of a node is expected.");
        var address = directory.ReadAddress()
            ?? throw new NodeNotFoundException(
                $"No node runs on {directory.Path}: there is neither api.sock nor api.address. Start one with 'p2pgrpc run --data {directory.Path}'.");
        return await ConnectAsync(address.IdnHost, address.Port, cancellationToken);
    }

    private static async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        try
        {
            return await ConnectAsync(
                new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, new DnsEndPoint(host, port), cancellationToken);
        }
        catch (SocketException fault)
        {
            throw new NodeNotFoundException($"No node answers at {host}:{port} ({fault.Message}).", fault);
        }
    }

    private static async Task<Stream> ConnectAsync(Socket socket, EndPoint endPoint, CancellationToken cancellationToken)
    {
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SslClientAuthenticationOptions Pin(string path)
    {
        var expected = ReadCertificate(path);
        return new SslClientAuthenticationOptions
        {
            // A node's certificate is pinned whole, so nothing that it names is ever fetched.
            CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null && shown.GetRawCertData().AsSpan().SequenceEqual(expected),
        };
    }

    private static byte[] ReadCertificate(string path)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(path));
            return certificate.RawData;
        }
        catch (CryptographicException fault)
        {
            throw new ArgumentException(
                $"The certificate file {path} can't be used: it holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The certificate file {path} can't be used: {UnreadableFile.Explain(path, fault)}", fault);
        }
    }
}
