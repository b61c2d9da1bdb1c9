using System.Security.Cryptography;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Wire;

/// <summary>The signature in a Hello. It ties the identity itself, not only the TLS key that the identity once signed, to this one
/// connection:
/// "p2pgrpc/hello/v1" ‖ role of the signer (0 dialled, 1 was dialled) ‖ SHA-256(dialler's SPKI) ‖ SHA-256(served side's SPKI) ‖ dialler's
/// nonce ‖ served side's nonce.
/// Pure and thread-safe.</summary>
internal static class HelloProof
{
    /// <summary>Bytes of a nonce.</summary>
    public const int NonceLength = 32;

    private const byte DiallerRole = 0;
    private const byte ServedRole = 1;

    private static ReadOnlySpan<byte> Label => "p2pgrpc/hello/v1"u8;

    /// <param name="key">The signer's identity.</param>
    /// <param name="dialled">True if the signer dialled this connection.</param>
    /// <param name="diallerKeyInfo">The SPKI of the dialler's certificate.</param>
    /// <param name="servedKeyInfo">The SPKI of the other side's certificate.</param>
    /// <param name="diallerNonce">32 bytes, from the dialler's Hello.</param>
    /// <param name="servedNonce">32 bytes, from the Challenge.</param>
    /// <exception cref="ArgumentException">A nonce is not 32 bytes long.</exception>
    public static byte[] Sign(
        IdentityKey key, bool dialled, ReadOnlySpan<byte> diallerKeyInfo, ReadOnlySpan<byte> servedKeyInfo,
        ReadOnlySpan<byte> diallerNonce, ReadOnlySpan<byte> servedNonce)
    {
        if (diallerNonce.Length != NonceLength || servedNonce.Length != NonceLength)
            throw new ArgumentException($"A nonce has {NonceLength} bytes.");
        return key.Sign(SignedBytes(dialled, diallerKeyInfo, servedKeyInfo, diallerNonce, servedNonce));
    }

    /// <summary>True if the signature is the signer's, in that role, on this connection. False for any wrong size.</summary>
    public static bool Verify(
        PeerId signer, bool dialled, ReadOnlySpan<byte> diallerKeyInfo, ReadOnlySpan<byte> servedKeyInfo,
        ReadOnlySpan<byte> diallerNonce, ReadOnlySpan<byte> servedNonce, ReadOnlySpan<byte> signature) =>
        diallerNonce.Length == NonceLength
        && servedNonce.Length == NonceLength
        && IdentityKey.Verify(signer, SignedBytes(dialled, diallerKeyInfo, servedKeyInfo, diallerNonce, servedNonce), signature);

    private static byte[] SignedBytes(
        bool dialled, ReadOnlySpan<byte> diallerKeyInfo, ReadOnlySpan<byte> servedKeyInfo,
        ReadOnlySpan<byte> diallerNonce, ReadOnlySpan<byte> servedNonce) =>
        [
            .. Label, dialled ? DiallerRole : ServedRole,
            .. SHA256.HashData(diallerKeyInfo), .. SHA256.HashData(servedKeyInfo), .. diallerNonce, .. servedNonce,
        ];
}
