using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Rooms;

namespace P2PGrpc.Node.Conversations;

/// <summary>Where a message goes: to one peer, or to a room.</summary>
/// <param name="Conversation">The conversation that it is appended to.</param>
/// <param name="Peer">The other side of a direct conversation; null for a room.</param>
/// <param name="Room">The room; null for a peer.</param>
internal sealed record Recipient(ConversationId Conversation, PeerId? Peer, RoomRecord? Room)
{
    /// <summary>In a room the signature that admits this node; empty otherwise.</summary>
    public ReadOnlyMemory<byte> Admission => Room?.Admission ?? default;
}
