using System.Security.Cryptography.X509Certificates;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Identity;

namespace P2PGrpc.Node.Wire;

/// <summary>How both sides of a TLS handshake look at the other's certificate.</summary>
internal static class CertificatePolicy
{
    /// <summary>A chain policy that fetches nothing and trusts nobody: without it the platform follows URLs in a stranger's certificate
    /// before any code of ours sees it. Made anew for each connection, since the platform adds what the other side sent.</summary>
    public static X509ChainPolicy CreateChainPolicy() => new()
    {
        DisableCertificateDownloads = true,
        RevocationMode = X509RevocationMode.NoCheck,
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        VerificationFlags = X509VerificationFlags.AllFlags,
        UrlRetrievalTimeout = TimeSpan.FromMilliseconds(1),
    };

    /// <summary>Reads who the other side is. Demands one certificate and no chain; judges neither names nor dates nor issuers.</summary>
    public static bool TryRead(X509Certificate? certificate, X509Chain? chain, out PeerId peer, out byte[] keyInfo, out string fault)
    {
        peer = default;
        keyInfo = [];
        if (certificate is not X509Certificate2 presented)
        {
            fault = "no certificate was presented";
            return false;
        }

        // The platform may list the presented certificate itself among the extra ones.
        foreach (var extra in chain?.ChainPolicy.ExtraStore ?? [])
        {
            if (!extra.RawDataMemory.Span.SequenceEqual(presented.RawDataMemory.Span))
            {
                fault = "more than one certificate was presented";
                return false;
            }
        }

        return CertificateIdentity.TryRead(presented, out peer, out keyInfo, out fault);
    }
}
