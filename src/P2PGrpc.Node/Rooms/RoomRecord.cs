using System.Collections.Immutable;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Peers;

namespace P2PGrpc.Node.Rooms;

/// <summary>A member of a room that a ticket named, and where it listens.</summary>
internal sealed record RoomPeer(PeerId PeerId, IReadOnlyList<PeerAddress> Addresses);

/// <summary>A room that this node is or was in. Immutable.</summary>
/// <param name="Conversation">Its id.</param>
/// <param name="Name">What its owner calls it; empty once another room has taken the name of one that was left.</param>
/// <param name="Secret">Null for a room that was left.</param>
/// <param name="Admission">The signature by which the room admits this node; empty for a room that was left.</param>
/// <param name="Peers">Members to dial.</param>
internal sealed record RoomRecord(
    ConversationId Conversation, string Name, RoomSecret? Secret, ReadOnlyMemory<byte> Admission, IReadOnlyList<RoomPeer> Peers)
{
    /// <summary>What stands before a room's name wherever it could be taken for a peer's.</summary>
    public const char Sign = '#';

    /// <summary>Members of whom the owner takes nothing more here; also in a room that was left, for the case that it is joined again.</summary>
    public ImmutableHashSet<PeerId> Muted { get; init; } = [];

    /// <summary>Another member was linked at some time. False as long as none was since the room was made or entered.</summary>
    public bool HasMembers { get; init; }

    /// <summary>How this node's owner calls it: #name, or its id if it has no name.</summary>
    public string Label => Name.Length > 0 ? Sign + Name : Conversation.ToString();

    public bool IsJoined => Secret is not null;

    public RoomRecord Left() => this with { Secret = null, Admission = default, Peers = [] };
}
