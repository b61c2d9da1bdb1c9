using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
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

    /// <summary>Opens a call as HTTP/2 frames, and never ends it.</summary>
    public static async Task OpenCallAsync(SslStream tls, string method)
    {
        // HPACK without tables: POST, https, and four headers as literals.
        byte[] headers =
        [
            0x83, 0x87, .. Literal([0x04], "/p2pgrpc.v1.PeerService/" + method), .. Literal([0x01], "localhost"),
            .. Literal([0x0F, 0x10], "application/grpc"), .. Literal([0x00, 2, .. "te"u8], "trailers"),
        ];
        await tls.WriteAsync((byte[])[.. PrefaceAndSettings, 0, 0, (byte)headers.Length, 1, 4, 0, 0, 0, 1, .. headers]);

        static byte[] Literal(byte[] name, string value) => [.. name, (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
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
