using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Logs;

/// <summary>How far a log goes: its last sequence, and the hash of the segment that ends there.</summary>
internal readonly record struct Head(ulong Sequence, Bytes32 Hash);
