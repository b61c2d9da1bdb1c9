using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Invites;

/// <summary>What a dialler shows who redeems an invite: the invite's id, and by its pair the signature over
/// "p2pgrpc/invite/proof/v1" ‖ prover ‖ verifier ‖ dialler's nonce ‖ served side's nonce. Immutable.</summary>
internal sealed record InviteProof(InviteId Invite, ReadOnlyMemory<byte> Signature)
{
    /// <summary>Bytes of a proof.</summary>
    public const int Length = Bytes32.Length + IdentityKey.SignatureLength;

    /// <summary>Null for anything but 96 bytes. Whether it proves anything is asked of <see cref="Holds"/>.</summary>
    public static InviteProof? Read(ReadOnlyMemory<byte> bytes) => bytes.Length == Length && InviteId.TryRead(bytes.Span[..Bytes32.Length], out var invite)
        ? new InviteProof(invite, bytes[Bytes32.Length..])
        : null;

    public byte[] ToArray() => [.. Invite.Value.ToArray(), .. Signature.Span];

    /// <summary>True if the prover holds the invite's secret, and said so to this verifier on the link with these nonces.</summary>
    public bool Holds(PeerId prover, PeerId verifier, ReadOnlySpan<byte> diallerNonce, ReadOnlySpan<byte> servedNonce) =>
        IdentityKey.Verify(new PeerId(Invite.Value), SignedBytes(prover, verifier, diallerNonce, servedNonce), Signature.Span);

    internal static byte[] SignedBytes(PeerId prover, PeerId verifier, ReadOnlySpan<byte> diallerNonce, ReadOnlySpan<byte> servedNonce) =>
        [.. "p2pgrpc/invite/proof/v1"u8, .. prover.ToArray(), .. verifier.ToArray(), .. diallerNonce, .. servedNonce];
}
