using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Identity;

/// <summary>Reads who stands behind a TLS certificate. Names, issuers, dates and the certificate's own signature count for nothing:
/// TLS proves the key, and the binding says whose key it is. Thread-safe.</summary>
internal static class CertificateIdentity
{
    /// <summary>Bytes of a certificate. A node's own has about 400; the rest is room for fields that a later version may add.</summary>
    public const int MaximumCertificateLength = 2048;

    /// <summary>Bytes of the DER encoding of a P-256 key, uncompressed.</summary>
    private const int KeyInfoLength = 91;

    /// <summary>What stands before the point in every such encoding: id-ecPublicKey, prime256v1, BIT STRING, and the uncompressed form's
    /// mark.</summary>
    private static ReadOnlySpan<byte> KeyInfoPrefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
        0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    /// <summary>False, with what is wrong as <paramref name="fault"/>, unless the certificate has a P-256 key and exactly one binding that
    /// holds.
    /// Never throws, whatever the certificate holds.</summary>
    public static bool TryRead(X509Certificate2 certificate, out PeerId peer, out byte[] subjectPublicKeyInfo, out string fault)
    {
        peer = default;
        subjectPublicKeyInfo = [];
        try
        {
            fault = FindFault(certificate, out peer, out subjectPublicKeyInfo) ?? "";
        }
        catch (CryptographicException)
        {
            fault = "the certificate can't be read";
        }

        if (fault.Length == 0)
            return true;
        peer = default;
        subjectPublicKeyInfo = [];
        return false;
    }

    private static string? FindFault(X509Certificate2 certificate, out PeerId peer, out byte[] subjectPublicKeyInfo)
    {
        peer = default;
        subjectPublicKeyInfo = [];
        if (certificate.RawDataMemory.Length > MaximumCertificateLength)
            return "the certificate is too large";
        X509Extension? binding = null;
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != CertificateBinding.ObjectId)
                continue;
            if (binding is not null)
                return "the certificate names two identities";
            binding = extension;
        }

        if (binding is null)
            return "the certificate names no identity: this is not a P2PGrpc node";
        subjectPublicKeyInfo = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        if (subjectPublicKeyInfo.Length != KeyInfoLength || !subjectPublicKeyInfo.AsSpan().StartsWith(KeyInfoPrefix))
            return "the certificate's key is not ECDSA P-256";
        return CertificateBinding.TryRead(binding.RawData, subjectPublicKeyInfo, out peer)
            ? null
            : "the certificate's identity does not match its key";
    }
}
