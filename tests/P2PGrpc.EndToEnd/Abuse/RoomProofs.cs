using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>What peers that a test makes say of rooms in their Hellos.</summary>
internal static class RoomProofs
{
    /// <summary>Proves a room, and shares nothing else.</summary>
    public static Func<LinkNonces, LinkShares> Give(RoomSecret room, PeerId prover, PeerId verifier) => nonces =>
        new LinkShares(false, new HashSet<Bytes32> { room.Prove(prover, verifier, nonces.Dialler.Span, nonces.Served.Span) });

    /// <summary>Says these bytes in the place of proofs, and shares the direct conversation.</summary>
    public static Func<LinkNonces, LinkShares> Pretend(params IEnumerable<Bytes32> proofs) => _ => new LinkShares(true, proofs.ToHashSet());

    /// <summary>The proofs in a Hello.</summary>
    public static IEnumerable<Bytes32> Read(Protocol.Hello hello) => hello.Shares.Rooms.Select(proof => Bytes32.Read(proof.Span));
}
