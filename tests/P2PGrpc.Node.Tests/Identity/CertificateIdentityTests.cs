using System.Security.Cryptography.X509Certificates;
using CsCheck;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Identity;
using Xunit;

namespace P2PGrpc.Node.Tests.Identity;

/// <summary>A1: only the binding says who somebody is.</summary>
public sealed class CertificateIdentityTests : IDisposable
{
    private readonly IdentityKey identity = IdentityKey.FromSeed(new byte[IdentityKey.SeedLength]);

    public void Dispose() => identity.Dispose();

    [Fact]
    public void A_nodes_own_certificate_names_it()
    {
        using var certificate = NodeCertificate.Create(identity);
        using var received = X509CertificateLoader.LoadCertificate(certificate.Certificate.RawData);

        Assert.True(CertificateIdentity.TryRead(received, out var peer, out var keyInfo, out var fault), fault);

        Assert.Equal(identity.PeerId, peer);
        Assert.Equal(certificate.SubjectPublicKeyInfo.ToArray(), keyInfo);
        Assert.InRange(received.RawData.Length, 300, 600);
    }

    [Fact]
    public void Each_process_has_a_key_of_its_own()
    {
        using var one = NodeCertificate.Create(identity);
        using var other = NodeCertificate.Create(identity);

        Assert.NotEqual(one.SubjectPublicKeyInfo.ToArray(), other.SubjectPublicKeyInfo.ToArray());
    }

    [Fact]
    public void A1_a_binding_with_any_bit_changed_names_nobody()
    {
        using var certificate = NodeCertificate.Create(identity);
        var keyInfo = certificate.SubjectPublicKeyInfo.ToArray();
        var binding = CertificateBinding.Create(identity, keyInfo).RawData;
        Assert.True(CertificateBinding.TryRead(binding, keyInfo, out _));

        for (var bit = 0; bit < binding.Length * 8; bit++)
        {
            var changed = (byte[])binding.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(CertificateBinding.TryRead(changed, keyInfo, out _), $"bit {bit}");
        }
    }

    [Fact]
    public void V2_mutated_certificates_never_throw_and_never_name_another_peer()
    {
        using var certificate = NodeCertificate.Create(identity);
        var good = certificate.Certificate.RawData;

        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length - 1], Gen.Byte).Sample((first, one, second, other) =>
        {
            var mutated = (byte[])good.Clone();
            mutated[first] ^= one;
            mutated[second] ^= other;
            X509Certificate2 loaded;
            try
            {
                loaded = X509CertificateLoader.LoadCertificate(mutated);
            }
            catch (System.Security.Cryptography.CryptographicException)
            {
                return true;
            }

            using (loaded)
                return !CertificateIdentity.TryRead(loaded, out var peer, out _, out var fault) ? fault.Length > 0 : peer == identity.PeerId;
        });
    }
}
