using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>One of this node's own logs of which nobody else holds the end yet.</summary>
/// <param name="Conversation">Its conversation.</param>
/// <param name="Acknowledged">The last sequence that somebody holds.</param>
internal readonly record struct UndeliveredLog(ConversationId Conversation, ulong Acknowledged);

/// <summary>This node's own logs of which nobody else holds the end yet: in a direct conversation the recipient, in a room anybody.</summary>
internal sealed record Undelivered(IReadOnlyDictionary<LogId, UndeliveredLog> Logs)
{
    /// <summary>True if it would be lost with this node's copy.</summary>
    public bool Contains(LogId log, ulong lastSequence) => Logs.TryGetValue(log, out var own) && lastSequence > own.Acknowledged;
}
