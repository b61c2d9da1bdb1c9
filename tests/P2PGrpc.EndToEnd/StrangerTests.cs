using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using P2PGrpc.Core.Identity;
using P2PGrpc.EndToEnd.Abuse;
using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>Whoever can not prove an identity gets not one byte out of the peer endpoint (A1, C1), and no certificate makes a node fetch (A4).</summary>
public sealed class StrangerTests
{
    private static readonly SslApplicationProtocol[] Http2 = [SslApplicationProtocol.Http2];

    [Fact]
    public async Task A_stranger_without_a_certificate_or_with_a_foreign_or_copied_one_is_refused()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var foreign = MakeCertificate(key);
        using var copied = MakeCertificate(key, await TakeExtensionAsync(bob));

        Assert.False(await IsServedAsync(alice, certificate: null));
        Assert.False(await IsServedAsync(alice, foreign));
        Assert.False(await IsServedAsync(alice, copied));

        Assert.All(await alice.Client.ListPeersAsync(), peer => Assert.NotEqual(Admission.Knocking, peer.Admission));
        Assert.Equal(DeliveryState.Delivered, (await alice.Client.SendAsync("bob", "still well", waitFor: DeliveryState.Delivered)).State);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.None)]
    public async Task Anything_below_TLS_1_3_is_refused(SslProtocols protocols)
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        await alice.StartAsync();
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, alice.ListenPort);
        Stream stream = connection.GetStream();
        if (protocols != SslProtocols.None)
        {
            var secure = new SslStream(stream);
            await Assert.ThrowsAnyAsync<Exception>(() => secure.AuthenticateAsClientAsync(Options(null, protocols)));
            return;
        }
        Assert.False(await AnswersAsync(stream));
    }

    [Fact]
    public async Task A_certificate_that_names_an_address_makes_no_node_fetch_from_there()
    {
        using var trap = new TcpListener(IPAddress.Loopback, 0);
        trap.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)trap.LocalEndpoint).Port}/issuer.cer";
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var nodes = new Neighbourhood();
        var bob = nodes.Add("bob");
        await bob.StartAsync();
        using var certificate = MakeCertificate(
            key, await TakeExtensionAsync(bob), new X509AuthorityInformationAccessExtension(ocspUris: [url], caIssuersUris: [url]));
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var alice = nodes.Add("alice");
        alice.Peers.Add($"trap=127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}");
        await alice.StartAsync();

        // As a client of the node, and as a server that the node dials.
        Assert.False(await IsServedAsync(alice, certificate));
        using var dialled = await server.AcceptTcpClientAsync();
        await using var secure = new SslStream(dialled.GetStream());
        try
        {
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                ClientCertificateRequired = true,
                ApplicationProtocols = [.. Http2],
                RemoteCertificateValidationCallback = AcceptAny,
            });
            var nothing = new byte[1];
            while (await secure.ReadAsync(nothing) > 0) continue;
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
        }

        await Eventually.HoldsAsync("alice says why the address is no peer",
            async () => (await alice.Client.ListPeersAsync()).Single().LastError.Length > 0);
        Assert.False(trap.Pending(), "the node asked the address that the certificate names");
    }

    /// <summary>K5: the system itself records where the node connects to. That knocks make it dial what it knows by address alone shows that the record works.</summary>
    [Fact]
    public async Task Strangers_who_knock_make_a_node_connect_to_nobody_but_peers_that_its_owner_named_A4()
    {
        Tracer.SkipIfMissing();
        using var named = new TcpListener(IPAddress.Loopback, 0);
        named.Start();
        var namedPort = ((IPEndPoint)named.LocalEndpoint).Port;
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        alice.Peers.Add($"named=127.0.0.1:{namedPort}");
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        using var stop = new CancellationTokenSource(Eventually.Generous);
        using var key = IdentityKey.FromSeed(new byte[IdentityKey.SeedLength]);
        using var attacker = new Attacker(alice, key);

        await using var tracer = await Tracer.AttachAsync(alice, "connect");
        var knocking = MemberAttacks.ThousandStrangersAsync(attacker, stop.Token);
        await Eventually.HoldsAsync("a hundred strangers have knocked, and alice has dialled", async () =>
        {
            if (named.Pending()) (await named.AcceptTcpClientAsync()).Dispose();
            return attacker.Done >= 100 && (await alice.Client.ListPeersAsync()).Any(peer => peer is { Alias: "named", LastError.Length: > 0 });
        });
        await stop.CancelAsync();
        await knocking;
        var connects = (await tracer.DetachAsync()).Where(line => line.Contains("sa_family=AF_INET", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(connects);
        Assert.All(connects, line => Assert.Matches($@"port=htons\(({namedPort}|{bob.ListenPort})\)", line));
    }

    /// <summary>The extension by which a node binds its identity to its certificate, as anyone can read it.</summary>
    private static async Task<X509Extension> TakeExtensionAsync(NodeProcess node)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var any = MakeCertificate(key);
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, node.ListenPort);
        await using var secure = new SslStream(connection.GetStream());
        await secure.AuthenticateAsClientAsync(Options(any, SslProtocols.Tls13));
        using var presented = new X509Certificate2(secure.RemoteCertificate!);
        string[] usual = ["2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.14", "2.5.29.35", "2.5.29.17"];
        return Assert.Single(presented.Extensions, extension => !usual.Contains(extension.Oid!.Value));
    }

    private static async Task<bool> IsServedAsync(NodeProcess node, X509Certificate2? certificate)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, node.ListenPort);
        await using var secure = new SslStream(connection.GetStream());
        try
        {
            await secure.AuthenticateAsClientAsync(Options(certificate, SslProtocols.Tls13));
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return false;
        }
        // In TLS 1.3 the client is done before the server has looked at its certificate: the refusal shows when reading.
        return await AnswersAsync(secure);
    }

    private static async Task<bool> AnswersAsync(Stream stream)
    {
        using var limit = new CancellationTokenSource(Eventually.Generous, TimeProvider.System);
        try
        {
            var preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray();
            await stream.WriteAsync(preface, limit.Token);
            return await stream.ReadAsync(new byte[16], limit.Token) > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static X509Certificate2 MakeCertificate(ECDsa key, params X509Extension[] extensions)
    {
        var request = new CertificateRequest("CN=stranger", key, HashAlgorithmName.SHA256);
        foreach (var extension in extensions) request.CertificateExtensions.Add(extension);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static SslClientAuthenticationOptions Options(X509Certificate2? certificate, SslProtocols protocols) => new()
    {
        TargetHost = "peer",
        EnabledSslProtocols = protocols,
        ApplicationProtocols = [.. Http2],
        ClientCertificates = certificate is null ? null : [certificate],
        RemoteCertificateValidationCallback = AcceptAny,
    };

    // Strangers don't care whom they talk to, as long as it shows a certificate.
    private static bool AcceptAny(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => certificate is not null;
}
