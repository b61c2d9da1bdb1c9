using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>One of this node's own logs of which nobody else holds the end yet.</summary>
/// <param name="Conversation">Its conversation.</param>
/// <param name="Acknowledged">The last sequence that somebody holds.</param>
/// <param name="Count">How many messages come after it.</param>
/// <param name="Audience">Who is there to take them.</param>
internal readonly record struct UndeliveredLog(ConversationId Conversation, ulong Acknowledged, ulong Count, Audience Audience)
{
    /// <summary>Somebody shall have them: they are undelivered, and not only kept.</summary>
    public bool IsExpected => Audience == Audience.Expected;
}

/// <summary>This node's own logs of which nobody else holds the end yet: in a direct conversation the recipient, in a room anybody. Those for which there is nobody are not
/// among them.</summary>
internal sealed record Undelivered(IReadOnlyDictionary<LogId, UndeliveredLog> Logs)
{
    /// <summary>True if it would be lost with this node's copy.</summary>
    public bool Contains(LogId log, ulong lastSequence) => Logs.TryGetValue(log, out var own) && lastSequence > own.Acknowledged;
}
