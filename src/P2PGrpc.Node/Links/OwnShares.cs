using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>What this node would exchange with one peer.</summary>
/// <param name="Direct">The direct conversation: the peer is known, and not only by a room.</param>
/// <param name="Rooms">The rooms that this node is in.</param>
internal sealed record OwnShares(bool Direct, RoomSnapshot Rooms)
{
    public static OwnShares With(PeerId peer, PeerSnapshot book, RoomSnapshot rooms) => new(book.Find(peer)?.Admission == Admission.Known, rooms);
}
