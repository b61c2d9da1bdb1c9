using NSec.Cryptography;

namespace P2PGrpc.Core.Identity;

/// <summary>A node's Ed25519 key pair. Signing is thread-safe. Disposing wipes the private key.</summary>
internal sealed class IdentityKey : IDisposable
{
    /// <summary>The length of the stored private key (RFC 8032's seed) in bytes.</summary>
    public const int SeedLength = 32;

    /// <summary>The length of a signature in bytes.</summary>
    public const int SignatureLength = 64;

    private readonly Key key;

    private IdentityKey(Key key)
    {
        this.key = key;
        PeerId = new PeerId(Bytes32.Read(key.PublicKey.Export(KeyBlobFormat.RawPublicKey)));
    }

    public PeerId PeerId { get; }

    /// <param name="seed">32 bytes; from a cryptographic random source unless a test wants the same key again.</param>
    public static IdentityKey FromSeed(ReadOnlySpan<byte> seed) =>
        new(Key.Import(SignatureAlgorithm.Ed25519, seed, KeyBlobFormat.RawPrivateKey));

    public byte[] Sign(ReadOnlySpan<byte> data) => SignatureAlgorithm.Ed25519.Sign(key, data);

    public static bool Verify(PeerId signer, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureLength)
            return false;
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        signer.Value.Write(bytes);
        return PublicKey.TryImport(SignatureAlgorithm.Ed25519, bytes, KeyBlobFormat.RawPublicKey, out var publicKey)
            && SignatureAlgorithm.Ed25519.Verify(publicKey!, data, signature);
    }

    public void Dispose() => key.Dispose();
}
