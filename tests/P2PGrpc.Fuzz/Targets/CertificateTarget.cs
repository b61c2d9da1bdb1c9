using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using P2PGrpc.Node.Identity;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>The certificate of whoever connects, in DER.</summary>
internal sealed class CertificateTarget : FuzzTarget
{
    private static readonly byte[] Genuine = MakeCertificate();

    public override string Name => "certificate";

    /// <summary>More than the largest certificate that is looked at.</summary>
    public override int MaximumLength => 2 * CertificateIdentity.MaximumCertificateLength;

    /// <summary>The platform reads the certificate before this project does, and keeps several copies.</summary>
    public override long AllocationLimit(int length) => 256 * 1024 + 64L * length;

    public override IEnumerable<byte[]> MakeSeeds() => [Genuine];

    public override string Run(byte[] input)
    {
        X509Certificate2 certificate;
        try
        {
            certificate = X509CertificateLoader.LoadCertificate(input);
        }
        catch (CryptographicException)
        {
            return "no certificate";
        }

        using (certificate)
        {
            if (!CertificateIdentity.TryRead(certificate, out var peer, out var keyInfo, out var fault))
                return fault;
            Require(peer == Samples.Author.PeerId, "A1: a certificate names somebody whose key did not sign it.");
            Require(keyInfo.Length > 0, "An accepted certificate has a key.");
            return "accepted";
        }
    }

    private static byte[] MakeCertificate()
    {
        using var certificate = NodeCertificate.Create(Samples.Author);
        return certificate.Certificate.RawData;
    }
}
