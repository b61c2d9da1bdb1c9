namespace P2PGrpc.Core.Replication;

/// <summary>Names one link for as long as this process runs. Never used twice.</summary>
internal readonly record struct LinkId(long Value);
