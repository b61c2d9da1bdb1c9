using P2PGrpc.Core.Logs;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Replication;

/// <summary>Bounds how many logs of one author are held in one conversation: each costs memory for ever, and an author can begin as many as it likes.
/// This node's own logs are not bounded: nobody else can begin one.</summary>
internal sealed class LogQuota(ReplicatorState state)
{
    /// <summary>True if the log may be held, or is. What lies on disk must be known.</summary>
    public bool Admits(ConversationState conversation, LogKey key, LogId id)
    {
        if (key.Author == state.Self || conversation.GetHeld(key.Author) < state.Limits.LogsPerAuthor)
            return true;
        return conversation.Logs.TryGetValue(id, out var log) && log.Held;
    }

    /// <summary>A log that a link told of is turned away. Nothing is kept of it, and the link hears of it once for each author, however many there are.</summary>
    public void TurnAway(LinkState link, ConversationState conversation, LogHead told)
    {
        Announce(conversation, told.Log);
        if (link.OverQuota.Add((conversation.Id, told.Log.Author)))
            state.Emit(new ReplicatorOutput.SendRefuse(link.Id, told.LogId, RefuseReason.Quota));
    }

    /// <summary>The owner hears once for each author that logs are turned away.</summary>
    public void Announce(ConversationState conversation, LogKey key)
    {
        if (conversation.OverQuota.Add(key.Author))
            state.Emit(new ReplicatorOutput.QuotaReached(key));
    }
}
