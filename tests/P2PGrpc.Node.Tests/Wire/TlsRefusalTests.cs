using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Wire;
using Xunit;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>A1, C1, A4: who gets through TLS, seen from both sides, against certificates and versions that no node uses.</summary>
public sealed class TlsRefusalTests
{
    public static TheoryData<string> Impostors { get; } =
    [
        "no extension", "copied extension", "two extensions", "broken signature", "long extension", "trailing byte",
        "P-384", "RSA", "too large", "two certificates",
    ];

    [Theory]
    [MemberData(nameof(Impostors))]
    public async Task A1_a_served_node_refuses_an_impostor(string impostor)
    {
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo);

        Assert.False(await RawTls.IsServedAsync(bob, RawTls.Options(Craft(impostor))));
        Assert.True(await RawTls.IsServedAsync(bob, RawTls.HonestOptions()), "an honest peer gets in where the impostor did not");
    }

    [Theory]
    [MemberData(nameof(Impostors))]
    public async Task A1_a_dialler_refuses_an_impostor(string impostor)
    {
        await using var alice = new TestNode(1);
        using var listener = Listen();
        var serving = RawTls.ServeTlsAsync(listener, Craft(impostor), SslProtocols.Tls13);

        var error = await FailToDialAsync(alice, listener, null);

        Assert.Equal(DialFailure.NotAPeer, error.Kind);
        Assert.Null(error.Found);
        await serving;
    }

    [Fact]
    public async Task A1_a_client_without_a_certificate_is_refused()
    {
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo);

        Assert.False(await RawTls.IsServedAsync(bob, RawTls.Options(null)));
    }

    [Fact]
    public async Task C1_TLS_1_2_is_refused_when_served()
    {
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo);
        var options = RawTls.HonestOptions();
        options.EnabledSslProtocols = SslProtocols.Tls12;

        Assert.False(await RawTls.IsServedAsync(bob, options));
    }

    [Fact]
    public async Task C1_TLS_1_2_is_refused_when_dialled()
    {
        await using var alice = new TestNode(1);
        await using var bob = new TestNode(2);
        using var listener = Listen();
        var serving = RawTls.ServeTlsAsync(listener, bob.Certificate.Context, SslProtocols.Tls12);

        var error = await FailToDialAsync(alice, listener, null);

        Assert.Equal(DialFailure.NotAPeer, error.Kind);
        await serving;
    }

    [Theory]
    [InlineData("http/1.1")]
    [InlineData("")]
    public async Task Another_application_protocol_is_refused(string protocol)
    {
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo);
        var options = RawTls.HonestOptions();
        options.ApplicationProtocols = protocol.Length == 0 ? null : [new SslApplicationProtocol(protocol)];

        Assert.False(await RawTls.IsServedAsync(bob, options));
    }

    [Fact]
    public async Task V3_dates_are_not_judged()
    {
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo);
        await using var alice = new TestNode(1);
        var past = new DateTimeOffset(1990, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var expired = CraftedCertificate.Create(
            keyInfo => [CertificateBinding.Create(alice.Identity, keyInfo)], past, past.AddDays(1));

        Assert.True(await RawTls.IsServedAsync(bob, RawTls.Options(CraftedCertificate.Context(expired))));
    }

    [Fact]
    public async Task A4_URLs_in_a_dialling_nodes_certificate_are_not_fetched()
    {
        using var bait = Listen();
        await using var alice = new TestNode(1);
        using var certificate = CraftedCertificate.CreateWithUrls(alice.Identity, Port(bait));
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo);

        Assert.True(await RawTls.IsServedAsync(bob, RawTls.Options(CraftedCertificate.Context(certificate))));

        Assert.False(bait.Pending());
        AssertThatTheBaitWorks(certificate, bait);
    }

    [Fact]
    public async Task A4_URLs_in_a_served_nodes_certificate_are_not_fetched()
    {
        using var bait = Listen();
        await using var alice = new TestNode(1);
        await using var bob = new TestNode(2);
        using var certificate = CraftedCertificate.CreateWithUrls(bob.Identity, Port(bait));
        using var listener = Listen();
        var serving = RawTls.ServeTlsAsync(listener, CraftedCertificate.Context(certificate), SslProtocols.Tls13);

        var error = await FailToDialAsync(alice, listener, bob.PeerId);

        // The certificate itself passes: what fails is the HTTP/2 that this listener does not speak.
        Assert.Equal(bob.PeerId, error.Found);
        Assert.Equal(DialFailure.Refused, error.Kind);
        Assert.False(bait.Pending());
        AssertThatTheBaitWorks(certificate, bait);
        await serving;
    }

    [Fact]
    public async Task A_listener_without_TLS_is_not_a_peer()
    {
        await using var alice = new TestNode(1);
        using var listener = Listen();
        var serving = Task.Run(async () =>
        {
            using var socket = await listener.AcceptSocketAsync();
            await socket.SendAsync("SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray());
            await socket.ReceiveAsync(new byte[4096]);
        });

        var error = await FailToDialAsync(alice, listener, null);

        Assert.Equal(DialFailure.NotAPeer, error.Kind);
        await serving;
    }

    /// <summary>Without this the tests above could not fail: the same certificate, judged the platform's usual way, does send a
    /// request.</summary>
    private static void AssertThatTheBaitWorks(X509Certificate2 certificate, TcpListener bait)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.UrlRetrievalTimeout = TimeSpan.FromSeconds(1);
        chain.Build(certificate);
        Assert.True(bait.Pending());
    }

    private static SslStreamCertificateContext Craft(string impostor)
    {
        using var alice = Core.Identity.IdentityKey.FromSeed(TestNode.Nonce(1));
        using var mallory = Core.Identity.IdentityKey.FromSeed(TestNode.Nonce(9));
        X509Extension Bind(byte[] keyInfo) => CertificateBinding.Create(alice, keyInfo);
        var stuffing = new X509Extension("1.2.3.4", new byte[CertificateIdentity.MaximumCertificateLength], critical: false);
        return impostor switch
        {
            "no extension" => Context(_ => []),
            "copied extension" => Context(_ => [NodeCertificate.Create(alice).Certificate.Extensions[CertificateBinding.ObjectId]!]),
            "two extensions" => CraftedCertificate.Context(CraftedCertificate.CreateWithTwoBindings(mallory, alice)),
            "broken signature" => Context(keyInfo => [Change(Bind(keyInfo), value => [.. value[..^1], (byte)(value[^1] ^ 1)])]),
            // The same content with a length in BER's long form, which DER forbids.
            "long extension" => Context(keyInfo => [Change(Bind(keyInfo), value => [0x30, 0x81, .. value[1..]])]),
            "trailing byte" => Context(keyInfo => [Change(Bind(keyInfo), value => [.. value, 0])]),
            "P-384" => Context(keyInfo => [Bind(keyInfo)], ECCurve.NamedCurves.nistP384),
            "RSA" => CraftedCertificate.Context(CraftedCertificate.CreateRsa(alice)),
            "too large" => Context(keyInfo => [Bind(keyInfo), stuffing]),
            "two certificates" => CraftedCertificate.CreateChain(alice),
            _ => throw new ArgumentOutOfRangeException(nameof(impostor)),
        };
    }

    private static SslStreamCertificateContext Context(Func<byte[], IEnumerable<X509Extension>> extensions, ECCurve? curve = null) =>
        CraftedCertificate.Context(CraftedCertificate.Create(extensions, curve));

    private static X509Extension Change(X509Extension extension, Func<byte[], byte[]> change) =>
        new(extension.Oid!, change(extension.RawData), extension.Critical);

    private static Task<DialException> FailToDialAsync(TestNode dialler, TcpListener listener, Core.Identity.PeerId? expected) =>
        Assert.ThrowsAsync<DialException>(
            () => dialler.Dialer().DialAsync("127.0.0.1", Port(listener), expected, CancellationToken.None));

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;
}
