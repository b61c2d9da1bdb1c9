using System.Text.Json;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Wire;
using Xunit;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>A1: the second proof of identity, inside a Hello.</summary>
public sealed class HelloProofTests : IDisposable
{
    private static readonly byte[] DiallerKeyInfo = [.. Enumerable.Range(0, 91).Select(value => (byte)value)];
    private static readonly byte[] ServedKeyInfo = [.. Enumerable.Range(100, 91).Select(value => (byte)value)];

    private readonly IdentityKey key = IdentityKey.FromSeed(TestNode.Nonce(3));

    public void Dispose() => key.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_proof_holds_for_its_signer_role_and_connection_only(bool dialled)
    {
        var (one, other) = (TestNode.Nonce(1), TestNode.Nonce(2));
        var proof = HelloProof.Sign(key, dialled, DiallerKeyInfo, ServedKeyInfo, one, other);
        using var somebody = IdentityKey.FromSeed(TestNode.Nonce(4));

        Assert.True(HelloProof.Verify(key.PeerId, dialled, DiallerKeyInfo, ServedKeyInfo, one, other, proof));
        Assert.False(HelloProof.Verify(somebody.PeerId, dialled, DiallerKeyInfo, ServedKeyInfo, one, other, proof), "another signer");
        Assert.False(HelloProof.Verify(key.PeerId, !dialled, DiallerKeyInfo, ServedKeyInfo, one, other, proof), "reflected");
        Assert.False(HelloProof.Verify(key.PeerId, dialled, ServedKeyInfo, DiallerKeyInfo, one, other, proof), "exchanged keys");
        Assert.False(HelloProof.Verify(key.PeerId, dialled, DiallerKeyInfo, DiallerKeyInfo, one, other, proof), "another TLS key");
        Assert.False(HelloProof.Verify(key.PeerId, dialled, DiallerKeyInfo, ServedKeyInfo, other, one, proof), "exchanged nonces");
        Assert.False(HelloProof.Verify(key.PeerId, dialled, DiallerKeyInfo, ServedKeyInfo, one, one, proof), "replayed");
        Assert.False(HelloProof.Verify(key.PeerId, dialled, DiallerKeyInfo, ServedKeyInfo, one, other, proof.AsSpan(1)), "cut");
        byte[] longer = [one[0], .. other];
        Assert.False(HelloProof.Verify(key.PeerId, dialled, DiallerKeyInfo, ServedKeyInfo, one.AsSpan(1), longer, proof), "shifted");
    }

    [Fact]
    public void The_golden_vectors_hold()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllText(FindTestData("hello_proof.json")));
        var count = 0;
        foreach (var vector in vectors.RootElement.GetProperty("vectors").EnumerateArray())
        {
            byte[] Read(string name) => Convert.FromHexString(vector.GetProperty(name).GetString()!);
            using var signer = IdentityKey.FromSeed(Read("signer_seed"));
            var signature = HelloProof.Sign(
                signer, vector.GetProperty("dialled").GetBoolean(),
                Read("dialler_spki"), Read("served_spki"), Read("dialler_nonce"), Read("served_nonce"));
            Assert.Equal(Read("signer_public_key"), signer.PeerId.ToArray());
            Assert.Equal(Read("signature"), signature);
            count++;
        }

        Assert.Equal(2, count);
    }

    private static string FindTestData(string name)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "testdata", name)))
            directory = directory.Parent;
        return Path.Combine(directory?.FullName ?? "", "testdata", name);
    }
}
