namespace P2PGrpc.Core.Replication;

/// <summary>What is still to come. Pure.</summary>
internal static class Backlog
{
    /// <summary>Messages that linked peers told of, that would be taken, and that are not on disk here.</summary>
    public static ulong Count(ConversationState? conversation)
    {
        var missing = 0ul;
        if (conversation is null)
            return missing;
        foreach (var log in conversation.Logs.Values)
        {
            if (!log.Known || !log.Taken)
                continue;
            var furthest = log.Durable.Sequence;
            foreach (var linkedLog in log.Links)
                furthest = Math.Max(furthest, linkedLog.Head.Sequence);
            missing += furthest - log.Durable.Sequence;
        }

        return missing;
    }
}
