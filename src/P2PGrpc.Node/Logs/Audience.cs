namespace P2PGrpc.Node.Logs;

/// <summary>Who is there to take what this node writes in a conversation.</summary>
internal enum Audience
{
    /// <summary>Others, linked or away: what they don't hold yet is undelivered, and never erased.</summary>
    Expected,

    /// <summary>A peer that was removed, or something that can't be told: what it doesn't hold is kept, since the owner may add it again, but nobody waits for it.</summary>
    Forgotten,

    /// <summary>This node alone.</summary>
    Nobody,
}
