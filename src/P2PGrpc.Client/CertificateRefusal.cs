using System.Security.Authentication;

namespace P2PGrpc.Client;

/// <summary>Says why a node's TLS certificate was refused, which the framework tells by the names of its own flags and callbacks.</summary>
internal static class CertificateRefusal
{
    public static string Explain(AuthenticationException refused)
    {
        // Only a certificate that is pinned is looked at by a callback.
        if (Says("RemoteCertificateValidationCallback"))
            return "it is another than the one given here.";
        if (Says("RemoteCertificateNameMismatch"))
            return "it is not made out to the host of this address.";
        if (Says("NotTimeValid"))
            return "it has expired, or is not valid yet.";
        return Says("UntrustedRoot") || Says("PartialChain") || Says("RemoteCertificateChainErrors")
            ? "no authority that this machine trusts has signed it, and it was not given here."
            : "it does not pass this machine's checks.";

        bool Says(string word) => refused.Message.Contains(word, StringComparison.Ordinal);
    }
}
