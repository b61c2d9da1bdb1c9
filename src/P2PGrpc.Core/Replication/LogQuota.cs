using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Replication;

/// <summary>Bounds how many logs of one author, and of all others together, are held in one conversation: each costs memory for ever, an author can begin as many
/// as it likes, and a member of a room can write under as many identities. This node's own logs are not bounded: nobody else can begin one.</summary>
internal sealed class LogQuota(ReplicatorState state)
{
    /// <summary>True if the log may be held, or is. What lies on disk must be known.</summary>
    public bool Admits(ConversationState conversation, LogKey key, LogId id)
    {
        if (key.Author == state.Self || (!IsFull(conversation) && conversation.GetHeld(key.Author) < state.Limits.LogsPerAuthor))
            return true;
        return conversation.Logs.TryGetValue(id, out var log) && log.Held;
    }

    /// <summary>A log that a link told of is turned away. Nothing is kept of it, and the link hears of it once for each author, or once where the conversation is
    /// full, however many there are.</summary>
    public void TurnAway(LinkState link, ConversationState conversation, LogHead told)
    {
        Announce(conversation, told.Log);
        if (link.OverQuota.Add((conversation.Id, FindOffender(conversation, told.Log))))
            state.Emit(new ReplicatorOutput.SendRefuse(link.Id, told.LogId, RefuseReason.Quota));
    }

    /// <summary>The owner hears once for each author, or once of a full conversation, that logs are turned away.</summary>
    public void Announce(ConversationState conversation, LogKey key)
    {
        var offender = FindOffender(conversation, key);
        if (conversation.OverQuota.Add(offender))
            state.Emit(new ReplicatorOutput.QuotaReached(key, offender is null ? QuotaReason.AllLogs : QuotaReason.AuthorLogs));
    }

    private bool IsFull(ConversationState conversation) =>
        conversation.Held - conversation.GetHeld(state.Self) >= state.Limits.LogsPerConversation;

    /// <summary>The author with too many logs; null where it is the conversation that has too many. So only so many are remembered as can have too many.</summary>
    private PeerId? FindOffender(ConversationState conversation, LogKey key) =>
        conversation.GetHeld(key.Author) >= state.Limits.LogsPerAuthor ? key.Author : null;
}
