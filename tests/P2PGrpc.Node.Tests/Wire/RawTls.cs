using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Identity;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>TLS without a node's code around it, for certificates and versions that no node uses.</summary>
internal static class RawTls
{
    private static readonly byte[] PrefaceAndSettings = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    public static SslClientAuthenticationOptions HonestOptions()
    {
        using var alice = IdentityKey.FromSeed(TestNode.Nonce(1));
        return Options(NodeCertificate.Create(alice).Context);
    }

    public static SslClientAuthenticationOptions Options(SslStreamCertificateContext? context) => new()
    {
        TargetHost = "localhost",
        ClientCertificateContext = context,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true },
        RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null,
    };

    /// <summary>True if the node answers an HTTP/2 preface. In TLS 1.3 a refused client learns it only after its own handshake is
    /// over.</summary>
    public static async Task<bool> IsServedAsync(TestNode node, SslClientAuthenticationOptions options)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, node.Port);
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(options).WaitAsync(TestNode.Patience);
            await tls.WriteAsync(PrefaceAndSettings);
            return await tls.ReadAsync(new byte[9]).AsTask().WaitAsync(TestNode.Patience) > 0;
        }
        catch (Exception error) when (error is IOException or AuthenticationException)
        {
            return false;
        }
    }

    public static async Task ServeTlsAsync(TcpListener listener, SslStreamCertificateContext context, SslProtocols protocols)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = context,
                EnabledSslProtocols = protocols,
                ApplicationProtocols = [SslApplicationProtocol.Http2],
            });
            await tls.WriteAsync("no HTTP/2 here"u8.ToArray());
        }
        catch (Exception error) when (error is IOException or AuthenticationException)
        {
            // The dialler hung up, which is what most of these tests are about.
        }
    }
}
