using System.Security.Cryptography;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Invites;

/// <summary>The secret of an invite, and how who holds it proves it. An Ed25519 pair follows from it by HKDF-SHA256 (RFC 5869), with a purpose as the info and no
/// salt: who gave the invite keeps the public key alone, so whoever reads that node's database can prove nothing by it. Immutable, thread-safe.</summary>
internal sealed class InviteSecret
{
    /// <summary>Bytes of a secret: as many as nobody can guess, and no more, as the ticket is written down and typed.</summary>
    public const int Length = 16;

    private readonly byte[] secret;
    private readonly IdentityKey key;

    /// <param name="secret">16 bytes, from a cryptographic random source unless a test wants the same invite again.</param>
    /// <exception cref="ArgumentException">They are not 16.</exception>
    public InviteSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Length)
            throw new ArgumentException($"An invite's secret has {Length} bytes.", nameof(secret));
        this.secret = secret.ToArray();
        var seed = new byte[IdentityKey.SeedLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, this.secret, seed, salt: [], "p2pgrpc/invite/key/v1"u8);
        key = IdentityKey.FromSeed(seed);
    }

    /// <summary>The invite's id: the pair's public key. It tells nothing of the secret.</summary>
    public InviteId Invite => new(key.PeerId.Value);

    public byte[] ToArray() => [.. secret];

    /// <summary>What proves on one link that its dialler holds this secret. It means nothing on another link, or to anybody else.</summary>
    public InviteProof Prove(PeerId prover, PeerId verifier, ReadOnlySpan<byte> diallerNonce, ReadOnlySpan<byte> servedNonce) =>
        new(Invite, key.Sign(InviteProof.SignedBytes(prover, verifier, diallerNonce, servedNonce)));

    /// <summary>Nothing of what is secret, wherever it may come to be written.</summary>
    public override string ToString() => $"the secret of invite {Invite}";
}
