using System.Security.Cryptography;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Rooms;

/// <summary>A room's secret and what follows from it. Who holds it is a member. All keys come from it by HKDF-SHA256 (RFC 5869) with a purpose as the info and
/// no salt. Thread-safe.</summary>
internal sealed class RoomSecret
{
    /// <summary>Bytes of a secret.</summary>
    public const int Length = 32;

    private readonly byte[] secret;
    private readonly byte[] proofKey;
    private readonly IdentityKey admissionKey;

    /// <param name="secret">32 bytes, from a cryptographic random source unless a test wants the same room again.</param>
    /// <exception cref="ArgumentException">They are not 32.</exception>
    public RoomSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Length)
            throw new ArgumentException($"A room's secret has {Length} bytes.", nameof(secret));
        this.secret = secret.ToArray();
        proofKey = Derive("p2pgrpc/room/proof/v1"u8);
        admissionKey = IdentityKey.FromSeed(Derive("p2pgrpc/room/admission/v1"u8));
        Conversation = new ConversationId(admissionKey.PeerId.Value);
    }

    /// <summary>The room's id: the public key of the pair that admits authors. It tells nothing of the secret.</summary>
    public ConversationId Conversation { get; }

    public byte[] ToArray() => [.. secret];

    /// <summary>The signature by which the room admits an author. It stands in the first segment of each of the author's logs, so that who carries a log without
    /// being a member can tell members' logs from strangers'.</summary>
    public byte[] Admit(PeerId author) => admissionKey.Sign(AdmittedBytes(Conversation, author));

    /// <summary>True if the room with this id admits the author by this signature.</summary>
    public static bool IsAdmitted(ConversationId conversation, PeerId author, ReadOnlySpan<byte> signature) =>
        IdentityKey.Verify(new PeerId(conversation.Value), AdmittedBytes(conversation, author), signature);

    /// <summary>What proves on one link that its sender is in this room: HMAC-SHA256 over "p2pgrpc/room/proof/v1" ‖ prover ‖ verifier ‖ dialler's nonce ‖ served
    /// side's nonce. To everybody else it is random bytes, on each link others.</summary>
    public Bytes32 Prove(PeerId prover, PeerId verifier, ReadOnlySpan<byte> diallerNonce, ReadOnlySpan<byte> servedNonce)
    {
        byte[] input = [.. "p2pgrpc/room/proof/v1"u8, .. prover.ToArray(), .. verifier.ToArray(), .. diallerNonce, .. servedNonce];
        Span<byte> proof = stackalloc byte[Bytes32.Length];
        HMACSHA256.HashData(proofKey, input, proof);
        return Bytes32.Read(proof);
    }

    private byte[] Derive(ReadOnlySpan<byte> purpose)
    {
        var key = new byte[Length];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], purpose);
        return key;
    }

    private static byte[] AdmittedBytes(ConversationId conversation, PeerId author) =>
        [.. "p2pgrpc/room/admission/v1"u8, .. conversation.Value.ToArray(), .. author.ToArray()];
}
