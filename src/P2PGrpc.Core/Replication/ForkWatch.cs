using P2PGrpc.Core.Logs;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Replication;

/// <summary>Follows signs that an author signed two segments at one place, until there is proof or the sign came to nothing.</summary>
internal sealed class ForkWatch(ReplicatorState state, PusherChoice choice, HeardPositions heard, SegmentSender sender, Repairs repairs, LogQuota quota)
{
    /// <summary>A segment came that contradicts what is pending here.</summary>
    public void OnConflict(LinkedLog linkedLog, SegmentHeader header)
    {
        var log = linkedLog.Log;
        if (header.FirstSequence <= log.Pending.Sequence)
        {
            Freeze(log, header, null, linkedLog);
            return;
        }

        // It follows another segment than our last one: no proof by itself, but the other side can say what stands at that place.
        if (log.Pusher != linkedLog)
            return;
        linkedLog.Refused = true;
        linkedLog.Failures++;
        choice.Drop(log);
        choice.Question(linkedLog);
        choice.Consider(log);
    }

    public void OnForkProof(LinkState link, SegmentHeader first, SegmentHeader? second)
    {
        if (!state.Conversations.TryGetValue(first.Log.Conversation, out var conversation) || !link.Takes(first.Log, conversation))
            return;
        if (!conversation.Loaded)
        {
            // It is shown once a link, and what is held here is not known yet.
            if (second is not null && conversation.HeldProofs.Count < state.Limits.EarlyProofs)
                conversation.HeldProofs.Add((link, first, second));
            return;
        }

        if (second is null)
        {
            if (link.Logs.TryGetValue(first.LogId, out var linkedLog) && linkedLog.Asked)
                OnAnswer(linkedLog, first);
            return;
        }

        // A log that is frozen is one that is held.
        if (!ForkRule.Proves(first, second) || !quota.Admits(conversation, first.Log, first.LogId))
            return;
        // In a room everybody's logs are taken whom the room admits, which is known of logs that are held: until then nobody else's are worth a row.
        if (link.TakesAnybody(conversation) && !conversation.Logs.ContainsKey(first.LogId))
            return;
        var log = state.GetLog(conversation, first.Log, first.LogId);
        if (!state.TryGetNamed(link, log, out var accuser))
            return;
        accuser.ProofKnown = true;
        if (!MustWait(log, first, second, accuser))
            Freeze(log, first, second, accuser);
    }

    /// <summary>What is held of the conversation is known now: judges the proofs that came before.</summary>
    public void OnLoaded(ConversationState conversation)
    {
        var held = conversation.HeldProofs.ToList();
        conversation.HeldProofs.Clear();
        foreach (var (link, first, second) in held)
        {
            if (!link.Down)
                OnForkProof(link, first, second);
        }
    }

    /// <summary>Shows a link the proofs of the conversation: on the one before they may have been lost, and who holds all of a log asks for no more of it.</summary>
    public void ShowAll(LinkState link, ConversationState conversation)
    {
        foreach (var log in conversation.Logs.Values.Where(log => log.Proof is not null && link.Takes(log.Key, conversation)).Take(state.Limits.ProofsShown))
            Show(ReplicatorState.GetLinkedLog(link, log));
    }

    /// <summary>More of the log is on disk: the proof that waited for it may not have to any longer.</summary>
    public void OnStored(LogState log)
    {
        if (state.EarlyProofs.Count == 0 || !state.EarlyProofs.TryGetValue(log.Id, out var proof) || IsEarly(log, proof.First, proof.Second))
            return;
        state.EarlyProofs.Remove(log.Id);
        Freeze(log, proof.First, proof.Second, proof.Accuser);
    }

    /// <summary>What came before the fork is to be on disk first: what is on its way there may not get there, and nothing comes after a freeze. And a log of which nothing is held may be one that the room does not admit.</summary>
    private bool MustWait(LogState log, SegmentHeader first, SegmentHeader second, LinkedLog accuser)
    {
        if (log.Frozen || log.Freezing || !IsEarly(log, first, second))
            return false;
        if (state.EarlyProofs.Count < state.Limits.EarlyProofs)
            state.EarlyProofs.TryAdd(log.Id, new EarlyProof(first, second, accuser));
        return true;
    }

    private static bool IsEarly(LogState log, SegmentHeader first, SegmentHeader second) =>
        log.Durable.Sequence + 1 < Math.Min(first.FirstSequence, second.FirstSequence) || (!log.Held && IsRoom(log));

    private static bool IsRoom(LogState log) => log.Links.Exists(linkedLog => linkedLog.Link.TakesAnybody(log.Conversation));

    public void OnFrozen(LogState log, ForkProof? proof)
    {
        var accuser = log.Accuser;
        state.Freezes--;
        log.Freezing = false;
        log.Accuser = null;
        if (proof is null)
        {
            // The sign came to nothing: whoever gave it is not asked again before it tells more.
            if (accuser is { Removed: false })
                choice.OnRefused(accuser);
            else
                choice.Consider(log);
            return;
        }

        log.Frozen = true;
        log.Proof = proof;
        choice.Drop(log);
        foreach (var link in log.Conversation.Links)
            Show(ReplicatorState.GetLinkedLog(link, log));
        foreach (var linkedLog in log.Links)
        {
            sender.RefuseIfFrozen(linkedLog);
            heard.Settle(linkedLog);
        }
    }

    /// <summary>Sends the proof to a link that has not seen it. Without one, it only says that the log is frozen.</summary>
    public void Show(LinkedLog linkedLog)
    {
        if (linkedLog.ProofKnown)
            return;
        linkedLog.ProofKnown = true;
        var log = linkedLog.Log;
        if (log.Proof is { } proof)
            state.Emit(new ReplicatorOutput.SendForkProof(linkedLog.Link.Id, proof.First, proof.Second));
        else
            state.Emit(new ReplicatorOutput.SendRefuse(linkedLog.Link.Id, log.Id, RefuseReason.Frozen));
    }

    /// <summary>The other side said what stands at our head's place there; its Want is over.</summary>
    private void OnAnswer(LinkedLog linkedLog, SegmentHeader header)
    {
        var log = linkedLog.Log;
        if (repairs.OnRefused(linkedLog))
            return;
        if (header.FirstSequence <= log.Durable.Sequence && header.Hash != log.Durable.Hash && !log.Frozen && !log.Freezing)
        {
            if (log.Pusher == linkedLog)
                choice.End(log);
            Freeze(log, header, null, linkedLog);
        }
        else
        {
            choice.OnRefused(linkedLog);
        }
    }

    private void Freeze(LogState log, SegmentHeader first, SegmentHeader? second, LinkedLog accuser)
    {
        if (log.Frozen || log.Freezing)
            return;
        choice.Drop(log);
        if (state.Freezes >= state.Limits.Freezes)
        {
            choice.OnRefused(accuser);
            return;
        }

        state.Freezes++;
        log.Freezing = true;
        state.UncountIfHeld(log);
        log.Accuser = accuser;
        state.Emit(new ReplicatorOutput.Freeze(log.Id, first, second));
    }
}
