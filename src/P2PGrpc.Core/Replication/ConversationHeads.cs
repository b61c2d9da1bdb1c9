namespace P2PGrpc.Core.Replication;

/// <summary>Gets to know what lies on disk of a conversation. Until it is known, nothing is told of it or judged.</summary>
internal sealed class ConversationHeads(
    ReplicatorState state, ByteQuota bytes, SegmentReceiver receiver, Teller teller, ForkWatch forks, SegmentSender sender, Repairs repairs)
{
    /// <summary>Reads them, unless they are known or being read.</summary>
    public void Load(ConversationState conversation)
    {
        if (conversation.Loaded || conversation.Loading)
            return;
        conversation.Loading = true;
        state.Deadlines.Set(conversation, null);
        state.Emit(new ReplicatorOutput.LoadHeads(conversation.Id, null));
    }

    /// <summary>They could not be read: they are tried again after a while, if somebody still shares the conversation.</summary>
    public void OnFailed(ReplicatorInput.HeadsFailed failed)
    {
        if (!state.Conversations.TryGetValue(failed.Conversation, out var unread))
            return;
        unread.Loading = false;
        state.Deadlines.Set(unread, state.Now + state.Limits.HeadsRetry);
    }

    public void OnDue(ConversationState unread)
    {
        if (unread.Links.Count > 0)
            Load(unread);
    }

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
