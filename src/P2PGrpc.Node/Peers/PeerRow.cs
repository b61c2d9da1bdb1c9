using System.Text.Json.Serialization;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Peers;

/// <summary>A peer record as it is stored.</summary>
internal sealed record PeerRow(string PeerId, string? Alias, string[] Addresses, Admission Admission, bool IsStranger = false, string[]? Configured = null);

[JsonSerializable(typeof(PeerRow))]
internal sealed partial class PeerRowContext : JsonSerializerContext;
