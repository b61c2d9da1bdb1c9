using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>Fetches again what is damaged on disk here. A neighbour that shares the conversation is asked, by a Want from the place before the damage;
/// the first segment that follows goes to the store, and the Want is put back to where it was. One place a log at a time: reading on finds the next.</summary>
internal sealed class Repairs(ReplicatorState state, CreditBudget credit, PusherChoice choice, Teller teller)
{
    private readonly List<Repair> open = [];

    public void OnDamaged(ReplicatorInput.Damaged damaged)
    {
        var log = state.GetLog(state.GetConversation(damaged.Log.Conversation), damaged.Log, damaged.LogId);
        if (log.Repair is { Asked: null, Replacing: null } idle)
        {
            // It is met again, and all who were asked had nothing: by now they may.
            Remove(idle);
            log = state.GetLog(log.Conversation, damaged.Log, damaged.LogId);
        }

        if (log.Repair is not null || !TryMakeRoom())
        {
            state.ForgetIfEmpty(log);
            return;
        }

        log.Repair = new Repair(log, damaged.After);
        open.Add(log.Repair);
        Ask(log.Repair);
    }

    /// <summary>A link has come to the conversation, or its heads are known now.</summary>
    public void OnShared(ConversationState conversation)
    {
        foreach (var repair in open)
        {
            if (repair.Log.Conversation == conversation)
                Ask(repair);
        }
    }

    /// <summary>Takes a segment if it is the one that was asked for. False: it is not.</summary>
    public bool TryTake(LinkedLog linkedLog, SegmentHeader header, BodyHandle body)
    {
        var log = linkedLog.Log;
        if (log.Repair is not { } repair || repair.Asked != linkedLog || header.After != repair.After || body is ErasedBody)
            return false;
        CreditBudget.Hold(linkedLog.Link, header.Weight);
        repair.Replacing = new StoreInFlight(header.Head, linkedLog.Link, header.Weight, log.Generation);
        EndQuestion(repair);
        state.Emit(new ReplicatorOutput.Repair(header, body));
        return true;
    }

    /// <summary>The neighbour has nothing for it. True if it was asked for a repair: then its word says nothing of the rest of the log.</summary>
    public bool OnRefused(LinkedLog linkedLog)
    {
        if (linkedLog.Log.Repair is not { } repair || repair.Asked != linkedLog)
            return false;
        EndQuestion(repair);
        Ask(repair);
        return true;
    }

    /// <summary>The link is gone, or the log is not shared on it any more.</summary>
    public void OnGone(LinkedLog linkedLog)
    {
        if (linkedLog.Log.Repair is not { } repair || repair.Asked != linkedLog)
            return;
        repair.Asked = null;
        Ask(repair);
    }

    /// <summary>Who was asked took too long, or it is time to ask all of them again.</summary>
    public void OnDue(Repair repair)
    {
        if (repair.Asked is null)
        {
            repair.Tried.Clear();
            Ask(repair);
            return;
        }

        EndQuestion(repair);
        Ask(repair);

        // Who was slow may have it all the same, and nobody else may ever read the place again here.
        if (repair.Asked is null)
            TryLater(repair);
    }

    public void OnRepaired(LogState log, Head head, StoreFailure? failure)
    {
        var replacing = log.Repair?.Replacing;
        InvariantException.Check(log.Repair is not null && replacing?.Head == head, "The store answers only the repair that it was asked for.");
        credit.Finish(replacing.Value.Link, replacing.Value.Weight);
        if (failure is StoreFailure.Full or StoreFailure.Halted)
            TryLater(log.Repair);
        else if (failure == StoreFailure.Mismatch)
            AskAnother(log.Repair);
        else
            Remove(log.Repair);
        foreach (var linkedLog in log.Links)
        {
            // Who was refused because of the damage asks again only when it is told again. Also after a failure: a store that halted may have
            // done it all the same, and who asks in vain is refused again.
            if (linkedLog.Head.Sequence < log.Durable.Sequence)
                teller.Acknowledge(linkedLog);
        }
    }

    /// <summary>That the store took nothing, or that a neighbour was slow, says nothing of the segment. Until it is tried again, the place is as good as free.</summary>
    private void TryLater(Repair repair)
    {
        repair.Replacing = null;
        state.Deadlines.Set(repair, state.Now + state.Limits.RepairRetry);
    }

    /// <summary>What came does not belong there. Where its author signed two segments at that place, another neighbour may hold the right one; when all were asked, it is
    /// over: to ask on would fetch the same for ever.</summary>
    private void AskAnother(Repair repair)
    {
        repair.Replacing = null;
        Ask(repair);
        if (repair.Asked is null)
            Remove(repair);
    }

    private void Ask(Repair repair)
    {
        var log = repair.Log;
        if (repair.Asked is not null || repair.Replacing is not null || !log.Known)
            return;
        state.Deadlines.Set(repair, null);
        if (FindNext(repair) is not { } link)
            return;
        repair.Tried.Add(link.Id);
        repair.Asked = ReplicatorState.GetLinkedLog(link, log);
        state.Deadlines.Set(repair, state.Now + state.Limits.RepairTime);

        // A log has one standing Want: only where this link holds it is it moved, else the Want is for once.
        choice.Ask(repair.Asked, repair.After, standing: log.Pusher == repair.Asked);
    }

    /// <summary>Who is known to hold the place before who may hold it: after a reconnect a neighbour tells only what is new.</summary>
    private static LinkState? FindNext(Repair repair)
    {
        LinkState? found = null;
        foreach (var link in repair.Log.Conversation.Links)
        {
            if (link.Closing || repair.Tried.Contains(link.Id) || !link.Takes(repair.Log.Key, repair.Log.Conversation))
                continue;
            if (link.Logs.TryGetValue(repair.Log.Id, out var linkedLog) && linkedLog.Head.Sequence > repair.After.Sequence)
                return link;
            found ??= link;
        }

        return found;
    }

    /// <summary>The question is over: the Want goes back to where it stood.</summary>
    private void EndQuestion(Repair repair)
    {
        var linkedLog = repair.Asked!;
        repair.Asked = null;
        state.Deadlines.Set(repair, null);
        if (linkedLog.Log.Pusher == linkedLog)
            choice.Ask(linkedLog, linkedLog.Log.Pending, standing: true);
        else
            state.Emit(new ReplicatorOutput.SendUnwant(linkedLog.Link.Id, linkedLog.Log.Id));
    }

    /// <summary>A repair that nobody can help with gives way to a new one: reading finds its damage again.</summary>
    private bool TryMakeRoom()
    {
        if (open.Count < state.Limits.Repairs)
            return true;
        if (open.Find(repair => repair.Asked is null && repair.Replacing is null) is not { } idle)
            return false;
        Remove(idle);
        return true;
    }

    private void Remove(Repair repair)
    {
        open.Remove(repair);
        repair.Log.Repair = null;
        state.Deadlines.Set(repair, null);
        state.ForgetIfEmpty(repair.Log);
    }
}
