using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Identity;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>Certificates that no node makes.</summary>
internal static class CraftedCertificate
{
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Until = new(2120, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static X509Certificate2 Create(Func<byte[], IEnumerable<X509Extension>> extensions, ECCurve? curve = null) =>
        Create(extensions, From, Until, curve);

    public static X509Certificate2 Create(
        Func<byte[], IEnumerable<X509Extension>> extensions, DateTimeOffset from, DateTimeOffset until, ECCurve? curve = null)
    {
        using var key = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=crafted", key, HashAlgorithmName.SHA256);
        foreach (var extension in extensions(key.ExportSubjectPublicKeyInfo()))
            request.CertificateExtensions.Add(extension);
        return request.CreateSelfSigned(from, until);
    }

    public static X509Certificate2 CreateRsa(IdentityKey identity)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=crafted", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(CertificateBinding.Create(identity, key.ExportSubjectPublicKeyInfo()));
        return request.CreateSelfSigned(From, Until);
    }

    /// <summary>Two bindings, each of which would hold alone. Made by renaming another extension in the finished certificate, since the
    /// platform
    /// makes no such thing; the certificate's own signature breaks, and no node judges that.</summary>
    public static X509Certificate2 CreateWithTwoBindings(IdentityKey one, IdentityKey other)
    {
        var neighbour = CertificateBinding.ObjectId[..^1] + "7";
        using var honest = Create(keyInfo =>
            [CertificateBinding.Create(one, keyInfo), new X509Extension(neighbour, CertificateBinding.Create(other, keyInfo).RawData, critical: false)]);
        using var key = honest.GetECDsaPrivateKey()!;
        var bytes = honest.RawData;
        Encode(CertificateBinding.ObjectId).CopyTo(bytes, bytes.AsSpan().IndexOf(Encode(neighbour)));
        using var patched = X509CertificateLoader.LoadCertificate(bytes);
        return patched.CopyWithPrivateKey(key);
    }

    /// <summary>A good binding in a certificate that an unknown authority signed, and whose authority is said to be found at a
    /// URL.</summary>
    public static X509Certificate2 CreateWithUrls(IdentityKey identity, int port)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=crafted", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(CertificateBinding.Create(identity, key.ExportSubjectPublicKeyInfo()));
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(
            [$"http://127.0.0.1:{port}/ocsp"], [$"http://127.0.0.1:{port}/issuer.crt"]));
        request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([$"http://127.0.0.1:{port}/list.crl"]));
        using var certificate = request.Create(
            new X500DistinguishedName("CN=authority"), X509SignatureGenerator.CreateForECDsa(authority), From, Until, [1, 2, 3, 4]);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>A good binding in a certificate that comes with its issuer's.</summary>
    public static SslStreamCertificateContext CreateChain(IdentityKey identity)
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issuerRequest = new CertificateRequest("CN=issuer", issuerKey, HashAlgorithmName.SHA256);
        issuerRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var issuer = issuerRequest.Create(
            new X500DistinguishedName("CN=root"), X509SignatureGenerator.CreateForECDsa(rootKey), From, Until, [1]);
        var request = new CertificateRequest("CN=crafted", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(CertificateBinding.Create(identity, key.ExportSubjectPublicKeyInfo()));
        using var certificate = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), From, Until, [2]);
        return Context(certificate.CopyWithPrivateKey(key), issuer);
    }

    public static SslStreamCertificateContext Context(X509Certificate2 certificate, params X509Certificate2[] extra) =>
        SslStreamCertificateContext.Create(certificate, [.. extra], offline: true);

    private static byte[] Encode(string objectId)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(objectId);
        return writer.Encode();
    }
}
