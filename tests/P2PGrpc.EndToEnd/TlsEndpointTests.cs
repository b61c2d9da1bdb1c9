using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>The client endpoint over TLS: what is wrong with its files, or with the one that a client was given, is told in one line (A3).</summary>
public sealed class TlsEndpointTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("p2pgrpc-tls-").FullName;

    public TlsEndpointTests()
    {
        Make("good", TimeSpan.FromDays(-1), TimeSpan.FromDays(9));
        Make("other", TimeSpan.FromDays(-1), TimeSpan.FromDays(9));
        Make("expired", TimeSpan.FromDays(-9), TimeSpan.FromDays(-1));
        File.WriteAllText(PathOf("garbage"), "garbage");
        Directory.CreateDirectory(PathOf("directory"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(PathOf("locked.key"), key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000)));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("none", "good.key", "certificate file .*/none \\(--api-cert\\) can't be read: there is no such file")]
    [InlineData("directory", "good.key", "certificate file .*/directory \\(--api-cert\\) can't be read: it is a directory")]
    [InlineData("garbage", "good.key", "/garbage \\(--api-cert\\) holds no certificate in PEM form")]
    [InlineData("good.key", "good.crt", "are --api-cert and --api-key mixed up")]
    [InlineData("good.crt", "none", "key file .*/none \\(--api-key\\) can't be read: there is no such file")]
    [InlineData("good.crt", "garbage", "/garbage \\(--api-key\\) holds no private key in PEM form")]
    [InlineData("good.crt", "other.key", "/other.key \\(--api-key\\) does not belong to the certificate in .*/good.crt \\(--api-cert\\)")]
    [InlineData("good.crt", "locked.key", "/locked.key \\(--api-key\\) is encrypted")]
    public async Task Files_that_can_not_be_served_with_are_named(string certificate, string key, string words)
    {
        await using var nodes = new Neighbourhood();
        var result = await Command.P2PGrpcAsync(
            "run", "--listen", "127.0.0.1:0", "--data", Path.Combine(nodes.Folder, "alice"), "--api-cert", PathOf(certificate), "--api-key", PathOf(key));

        Assert.Equal(1, result.ExitCode);
        Assert.Matches($"^p2pgrpc: .*{words}.*[.?]\n$", result.Error);
    }

    [Fact]
    public async Task An_address_that_is_not_this_machines_is_named()
    {
        await using var nodes = new Neighbourhood();
        var result = await Command.P2PGrpcAsync(
            "run", "--listen", "127.0.0.1:0", "--api", "192.0.2.1:6555", "--data", Path.Combine(nodes.Folder, "alice"),
            "--api-cert", PathOf("good.crt"), "--api-key", PathOf("good.key"));

        Assert.Equal(1, result.ExitCode);
        Assert.Matches("^p2pgrpc: This machine has no address to listen on 192.0.2.1:6555 for clients now\\. .* --api\\.\n$", result.Error);
    }

    [Fact]
    public async Task A_client_that_was_given_the_wrong_file_or_none_is_told_what_to_give()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        Serve(alice, "good", "0.0.0.0");
        await alice.StartAsync();
        var token = Path.Combine(alice.DataDirectory, "api.token");
        var address = $"https://127.0.0.1:{alice.ApiPort}";

        Assert.Equal(0, (await AskAsync(address, "good.crt")).ExitCode);
        await RefusesAsync(4, "not accepted: it is another than the one given here\\. Name .*--api-cert.*", address, "other.crt");
        await RefusesAsync(4, "not accepted: no authority .* has signed it, and it was not given here\\. Name .*--api-cert.*", address, null);
        await RefusesAsync(1, "certificate file .*/none can't be used: there is no such file", address, "none");
        await RefusesAsync(1, "certificate file .*/directory can't be used: it is a directory", address, "directory");
        await RefusesAsync(1, "certificate file .*/good.key can't be used: it holds no certificate in PEM form.*", address, "good.key");
        await RefusesAsync(2, "--api-cert goes with TLS: .*https://HOST:PORT.*", $"127.0.0.1:{alice.ApiPort}", "good.crt");

        await Eventually.HoldsAsync("the hint shows an address that can be called", () => Task.FromResult(
            alice.Output.Contains($"https://node.example:{alice.ApiPort} (listening on 0.0.0.0:{alice.ApiPort})", StringComparison.Ordinal)
            && alice.Output.Contains($"node.example:{alice.ApiPort} p2pgrpc.v1.PeerService/Send", StringComparison.Ordinal)));
        Assert.DoesNotContain("[1304]", alice.Output, StringComparison.Ordinal);

        Task<CommandResult> AskAsync(string api, string? certificate) =>
            Command.P2PGrpcAsync(["id", "--api", api, "--token-file", token, .. certificate is null ? (string[])[] : ["--api-cert", PathOf(certificate)]]);

        async Task RefusesAsync(int exitCode, string pattern, string api, string? certificate)
        {
            var result = await AskAsync(api, certificate);
            Assert.True(result.ExitCode == exitCode, result.ToString());
            Assert.Matches($"^p2pgrpc: [^\n]*{pattern}\\.?\n$", result.Error);
        }
    }

    [Fact]
    public async Task A_certificate_that_has_expired_is_served_with_a_warning()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        Serve(alice, "expired", "127.0.0.1");
        await alice.StartAsync();

        await Eventually.HoldsAsync("the owner is warned", () => Task.FromResult(
            alice.Output.Contains($"[1304] The client endpoint's certificate {PathOf("expired.crt")} has expired on ", StringComparison.Ordinal)));
        var asked = await Command.P2PGrpcAsync(
            "id", "--api", $"https://127.0.0.1:{alice.ApiPort}", "--token-file", Path.Combine(alice.DataDirectory, "api.token"), "--api-cert", PathOf("expired.crt"));
        Assert.True(asked.ExitCode == 0, asked.ToString());
    }

    /// <summary>The commands of docs/operations.md, as they stand there.</summary>
    [Fact]
    public async Task The_certificate_that_the_document_makes_is_served_and_accepted()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/openssl"), "openssl is missing: run make setup.");
        var document = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs", "operations.md"), TestContext.Current.CancellationToken);
        var begin = document.IndexOf("openssl req ", StringComparison.Ordinal);
        var made = await Command.RunAsync("bash", ["-ec", document[begin..document.IndexOf("```", begin, StringComparison.Ordinal)]], folder: folder);
        Assert.True(made.ExitCode == 0, made.ToString());
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        Serve(alice, "api", "0.0.0.0");
        await alice.StartAsync();

        // As a foreign client does: the certificate is the authority, and the name is checked.
        var checkedByName = await Command.RunAsync(
            "openssl", ["s_client", "-connect", $"127.0.0.1:{alice.ApiPort}", "-CAfile", PathOf("api.crt"), "-verify_return_error", "-verify_hostname", "node.example"]);

        Assert.Contains("Verify return code: 0 (ok)", checkedByName.Output, StringComparison.Ordinal);
    }

    private string PathOf(string name) => Path.Combine(folder, name);

    private void Serve(NodeProcess node, string name, string host)
    {
        node.ApiHost = host;
        node.Options.Add("--api-cert");
        node.Options.Add(PathOf(name + ".crt"));
        node.Options.Add("--api-key");
        node.Options.Add(PathOf(name + ".key"));
    }

    private void Make(string name, TimeSpan from, TimeSpan until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node.example", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddDnsName("node.example");
        alternatives.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(alternatives.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now + from, now + until);
        File.WriteAllText(PathOf(name + ".crt"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf(name + ".key"), key.ExportPkcs8PrivateKeyPem());
    }
}
