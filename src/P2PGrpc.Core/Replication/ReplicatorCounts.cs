namespace P2PGrpc.Core.Replication;

/// <summary>How many of each thing a replicator keeps: what its memory goes by.</summary>
/// <param name="Links">Links that are up.</param>
/// <param name="Logs">Logs held or named.</param>
/// <param name="LinkedLogs">Logs that each link knows, of all links together.</param>
/// <param name="Waiting">What waits in queues: to be told, to be sent, for a quota, for the store, for a predecessor, for a fork's beginning, for heads.</param>
/// <param name="Meters">Authors whose bytes are counted.</param>
/// <param name="Deadlines">Times to look at something.</param>
internal sealed record ReplicatorCounts(int Links, int Logs, int LinkedLogs, int Waiting, int Meters, int Deadlines);
