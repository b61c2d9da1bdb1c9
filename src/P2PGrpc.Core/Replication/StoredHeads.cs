using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>Learns what of a conversation lies on disk: once, when it is shared first. Until then nothing of it is told or wanted.</summary>
internal sealed class StoredHeads(
    ReplicatorState state, ByteQuota bytes, SegmentReceiver receiver, Teller teller, ForkWatch forks, SegmentSender sender, Repairs repairs)
{
    /// <summary>Has the heads read, if they are not known or being read.</summary>
    public void Load(ConversationState conversation)
    {
        if (conversation.Loaded || conversation.Loading)
            return;
        conversation.Loading = true;
        state.Deadlines.Set(conversation, null);
        state.Emit(new ReplicatorOutput.LoadHeads(conversation.Id, null));
    }

    /// <summary>They could not be read: later, for nothing else would ask for them while the links stay.</summary>
    public void OnFailed(ConversationId id)
    {
        if (!state.Conversations.TryGetValue(id, out var conversation))
            return;
        conversation.Loading = false;
        state.Deadlines.Set(conversation, state.Now + state.Limits.HeadsRetry);
    }

    /// <summary>It is later.</summary>
    public void OnDue(ConversationState conversation)
    {
        if (conversation.Links.Count > 0)
            Load(conversation);
    }

    /// <summary>Takes a page of them. With the last one the conversation comes to life.</summary>
    public void OnLoaded(ReplicatorInput.HeadsLoaded loaded)
    {
        if (!state.Conversations.TryGetValue(loaded.Conversation, out var conversation) || !conversation.Loading)
            return;
        foreach (var stored in loaded.Heads)
        {
            var log = state.GetLog(conversation, stored.Log, stored.LogId);
            log.Frozen |= stored.Frozen;
            log.Proof ??= stored.Proof;
            if (stored.Head.Sequence <= log.Durable.Sequence)
                continue;
            log.Durable = stored.Head;
            log.Pending = stored.Head;
            log.Position = stored.Position;
            state.UncountIfHeld(log);
        }

        if (loaded.Next is { } next)
        {
            state.Emit(new ReplicatorOutput.LoadHeads(conversation.Id, next));
            return;
        }

        conversation.Loading = false;
        conversation.Loaded = true;
        bytes.Load(conversation, loaded.Weights ?? []);
        foreach (var log in conversation.Logs.Values)
        {
            foreach (var linkedLog in log.Links)
                ReplicatorState.CountUntold(linkedLog);
            receiver.OnKnown(log);
        }

        foreach (var link in conversation.Links)
        {
            teller.TellAll(link, conversation);
            forks.ShowAll(link, conversation);
            if (link.AllLoaded)
                sender.OnAllLoaded(link);
        }

        forks.OnLoaded(conversation);
        repairs.OnShared(conversation);
    }
}
