using System.Text.Json.Serialization;

namespace P2PGrpc.Node.Rooms;

/// <summary>A room as it is stored. The secret is base32, and null for a room that was left; the muted are PeerIds, and null where nobody ever was. Whether it has
/// members is whether another one was ever seen.</summary>
internal sealed record RoomRow(string Name, string? Secret, RoomPeerRow[] Peers, string[]? Muted = null, bool HasMembers = false);

/// <summary>A member of a room as it is stored.</summary>
internal sealed record RoomPeerRow(string PeerId, string[] Addresses);

[JsonSerializable(typeof(RoomRow))]
internal sealed partial class RoomRowContext : JsonSerializerContext;
