using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Identity;

/// <summary>This process's TLS certificate: a fresh ECDSA P-256 key that never touches the disk, bound to the node's identity.
/// Thread-safe.</summary>
internal sealed class NodeCertificate : IDisposable
{
    // Nodes judge no dates (a wrong clock must lock nobody out), but other TLS libraries may: so the dates are always valid.
    private static readonly DateTimeOffset ValidFrom = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset ValidUntil = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    private NodeCertificate(PeerId peer, X509Certificate2 certificate, byte[] subjectPublicKeyInfo)
    {
        PeerId = peer;
        Certificate = certificate;
        SubjectPublicKeyInfo = subjectPublicKeyInfo;
        // Offline: the platform must not go looking for issuers of a certificate that has none.
        Context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
    }

    public PeerId PeerId { get; }

    public X509Certificate2 Certificate { get; }

    /// <summary>What SslStream takes on both sides.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>The certificate's key, DER-encoded (91 bytes): what the binding and the Hello's signature cover.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    public static NodeCertificate Create(IdentityKey identity)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var keyInfo = key.ExportSubjectPublicKeyInfo();
        var request = new CertificateRequest("CN=p2pgrpc", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(CertificateBinding.Create(identity, keyInfo));
        return new NodeCertificate(identity.PeerId, request.CreateSelfSigned(ValidFrom, ValidUntil), keyInfo);
    }

    public void Dispose() => Certificate.Dispose();
}
