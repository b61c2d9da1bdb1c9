using System.Security.Cryptography.X509Certificates;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Identity;

/// <summary>The certificate extension that binds a TLS key to a node's identity: the DER encoding of
/// SEQUENCE { OCTET STRING identity key (32 bytes), OCTET STRING signature (64 bytes) }, where the identity signs
/// "p2pgrpc/tls/v1" ‖ SubjectPublicKeyInfo. Both sizes are fixed, so exactly one encoding of 102 bytes is right.</summary>
internal static class CertificateBinding
{
    /// <summary>Under the arc of UUIDs (ITU-T X.667): 10badaf3-8d6d-4fbe-bb31-7cbf1661d452, drawn at random for this extension.</summary>
    public const string ObjectId = "2.25.22237856009752754820223910509811979346";

    private const int KeyAt = 4;
    private const int SignatureAt = KeyAt + Bytes32.Length + 2;
    private const int Length = SignatureAt + IdentityKey.SignatureLength;

    private static ReadOnlySpan<byte> Label => "p2pgrpc/tls/v1"u8;

    /// <summary>The extension for a certificate with this key. Not critical: an old verifier that skips it learns no identity, as nothing
    /// else in the certificate claims one, and foreign TLS libraries that can't be taught the extension stay able to speak to a
    /// node.</summary>
    public static X509Extension Create(IdentityKey identity, ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        var value = new byte[Length];
        WriteFrame(value);
        identity.PeerId.Value.Write(value.AsSpan(KeyAt));
        identity.Sign(SignedBytes(subjectPublicKeyInfo)).CopyTo(value, SignatureAt);
        return new X509Extension(ObjectId, value, critical: false);
    }

    /// <summary>False unless the encoding is exact and the signature is that of the peer it names, over this key.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, ReadOnlySpan<byte> subjectPublicKeyInfo, out PeerId peer)
    {
        peer = default;
        Span<byte> frame = stackalloc byte[Length];
        WriteFrame(frame);
        return value.Length == Length
            && value[..KeyAt].SequenceEqual(frame[..KeyAt])
            && value[(SignatureAt - 2)..SignatureAt].SequenceEqual(frame[(SignatureAt - 2)..SignatureAt])
            && PeerId.TryRead(value[KeyAt..(SignatureAt - 2)], out peer)
            && IdentityKey.Verify(peer, SignedBytes(subjectPublicKeyInfo), value[SignatureAt..]);
    }

    private static void WriteFrame(Span<byte> value)
    {
        const byte sequence = 0x30;
        const byte octetString = 0x04;
        value[0] = sequence;
        value[1] = Length - 2;
        value[2] = octetString;
        value[3] = Bytes32.Length;
        value[SignatureAt - 2] = octetString;
        value[SignatureAt - 1] = IdentityKey.SignatureLength;
    }

    private static byte[] SignedBytes(ReadOnlySpan<byte> subjectPublicKeyInfo) => [.. Label, .. subjectPublicKeyInfo];
}
