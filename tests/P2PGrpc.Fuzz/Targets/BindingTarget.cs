using System.Security.Cryptography;
using P2PGrpc.Node.Identity;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>The extension that binds a TLS key to an identity.</summary>
internal sealed class BindingTarget : FuzzTarget
{
    private static readonly byte[] KeyInfo = MakeKeyInfo();

    public override string Name => "binding";

    public override IEnumerable<byte[]> MakeSeeds() => [CertificateBinding.Create(Samples.Author, KeyInfo).RawData];

    public override string Run(byte[] input)
    {
        if (!CertificateBinding.TryRead(input, KeyInfo, out var peer))
            return "refused";
        Require(peer == Samples.Author.PeerId, "A1: a binding names somebody who did not sign it.");
        return "accepted";
    }

    private static byte[] MakeKeyInfo()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportSubjectPublicKeyInfo();
    }
}
