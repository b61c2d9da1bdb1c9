using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>This node's own logs of which nobody else holds the end yet: in a direct conversation the recipient, in a room anybody.</summary>
/// <param name="Acknowledged">For each of them the last sequence that somebody holds.</param>
internal sealed record Undelivered(IReadOnlyDictionary<LogId, ulong> Acknowledged)
{
    /// <summary>True if it would be lost with this node's copy.</summary>
    public bool Contains(LogId log, ulong lastSequence) => Acknowledged.TryGetValue(log, out var acknowledged) && lastSequence > acknowledged;
}
