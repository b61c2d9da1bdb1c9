using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>A proof that came before the log had come as far as the fork: it waits, so that what was written before stays to be had.</summary>
internal sealed record EarlyProof(SegmentHeader First, SegmentHeader Second, LinkedLog Accuser);
