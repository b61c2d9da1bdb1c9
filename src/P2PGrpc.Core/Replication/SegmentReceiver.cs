using P2PGrpc.Core.Logs;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Replication;

/// <summary>Takes what was told and pushed: acknowledgements, heads that are ahead, segments on their way to the store.</summary>
internal sealed class SegmentReceiver(
    ReplicatorState state, CreditBudget credit, StoreGate gate, PusherChoice choice, HeardPositions heard, Teller teller, ForkWatch forks)
{
    public void OnHave(LinkState link, ReplicatorInput.Have have)
    {
        foreach (var item in have.Logs)
        {
            if (item.Head.Sequence is 0 or >= LogLimits.Sequence
                || !state.Conversations.TryGetValue(item.Log.Conversation, out var conversation)
                || !link.Takes(item.Log, conversation))
                continue;
            var log = state.GetLog(conversation, item.Log, item.LogId);
            if (log.Own && item.Head.Sequence > log.Durable.Sequence)
                continue;
            if (!state.TryGetNamed(link, log, out var linkLog))
                return;
            OnHead(linkLog, item.Head);
        }

        if (have.Through is { } through)
            heard.Mark(link, through);
    }

    /// <summary>The conversation's heads are known now: judges what its links told before.</summary>
    public void OnKnown(LogState log)
    {
        foreach (var linkLog in log.Links.ToArray())
            Judge(linkLog);
    }

    public void OnSegment(LinkState link, SegmentHeader header, BodyHandle body)
    {
        if (!CreditBudget.TryTake(link, header.Weight))
        {
            state.Emit(new ReplicatorOutput.Release(body));
            state.Close(link, CloseReason.CreditOverrun);
            return;
        }

        if (link.Logs.TryGetValue(header.LogId, out var linkLog))
            OnShown(linkLog, header);
        if (linkLog is null || !IsExpected(linkLog))
        {
            Reject(link, header, body);
            return;
        }

        var log = linkLog.Log;
        if (gate.Closed)
        {
            // What is turned away now is missing later: want it again once the store takes it.
            Reject(link, header, body);
            choice.Drop(log);
            choice.Consider(log);
            return;
        }

        switch (AppendRule.Judge(log.Pending, header))
        {
            case AppendVerdict.Next:
                Store(linkLog, header, body);
                break;
            case AppendVerdict.Duplicate:
                Reject(link, header, body);
                if (header.LastSequence <= log.Durable.Sequence)
                    teller.Acknowledge(linkLog);
                break;
            case AppendVerdict.Gap:
                Reject(link, header, body);
                if (log.Pusher == linkLog)
                    choice.AskAgain(linkLog);
                break;
            default:
                Reject(link, header, body);
                forks.OnConflict(linkLog, header);
                break;
        }
    }

    /// <summary>A Store is on disk: its credit is free, and who sent it is told.</summary>
    public void OnStored(LogState log, Head head)
    {
        if (log.Stores.Count == 0)
        {
            // A store that recovers may find on disk what it had reported as failed: nobody waits for it any more, but it is durable.
            if (head.Sequence > log.Durable.Sequence)
                log.Durable = log.Pending = head;
            return;
        }

        InvariantException.Check(log.Stores.TryDequeue(out var store) && store.Head == head, "Stores are answered in order.");
        log.Durable = head;
        if (log.Pending.Sequence < head.Sequence)
            log.Pending = head;
        credit.Finish(store.Link, store.Weight);
        if (!store.Link.Down && store.Link.Logs.TryGetValue(log.Id, out var linkLog))
            teller.Acknowledge(linkLog);
    }

    public void OnStoreFailed(LogState log, Head head, StoreFailure failure)
    {
        InvariantException.Check(log.Stores.TryDequeue(out var store) && store.Head == head, "Stores are answered in order.");
        credit.Finish(store.Link, store.Weight);
        if (store.Generation != log.Generation)
            return;
        log.Generation++;
        log.Pending = log.Durable;
        switch (failure)
        {
            case StoreFailure.Full:
                gate.OnFull();
                choice.Drop(log);
                break;
            case StoreFailure.Halted:
                gate.OnHalted();
                choice.Drop(log);
                break;
            case StoreFailure.Quota:
                log.OverQuota = true;
                choice.Drop(log);
                NotTaken(log);
                break;
            default:
                if (log.Pusher is { } pusher)
                    choice.AskAgain(pusher);
                break;
        }

        choice.Consider(log);
    }

    /// <summary>The log is not taken any more: those who are ahead are told why, and what they told counts as heard.</summary>
    public void NotTaken(LogState log)
    {
        foreach (var linkLog in log.Links)
        {
            RefuseIfAhead(linkLog);
            heard.Settle(linkLog);
        }
    }

    /// <summary>Reports an acknowledgement once what it says lies within what is on disk here.</summary>
    public void Confirm(LinkLog linkLog)
    {
        var log = linkLog.Log;
        if (linkLog.Unreported is not { } head || !log.Known || head.Sequence > log.Durable.Sequence)
            return;
        linkLog.Unreported = null;
        if (head.Sequence < log.Durable.Sequence || head.Hash == log.Durable.Hash)
            state.Emit(new ReplicatorOutput.Acknowledged(linkLog.Link.Peer, log.Key, log.Id, head));
        else
            choice.Question(linkLog);
    }

    private void OnHead(LinkLog linkLog, Head head)
    {
        if (head.Sequence < linkLog.Head.Sequence || head == linkLog.Unreported)
            return;
        if (head.Sequence > linkLog.Head.Sequence)
            linkLog.Refused = false;
        linkLog.Unreported = head;
        Raise(linkLog, head);
        Judge(linkLog);
    }

    /// <summary>A segment tells what the other side holds as well as a Have does: its sender counts it as told.</summary>
    private void OnShown(LinkLog linkLog, SegmentHeader header)
    {
        if (header.LastSequence <= linkLog.Head.Sequence || linkLog.Log.Own)
            return;
        Raise(linkLog, header.Head);
    }

    private void Raise(LinkLog linkLog, Head head)
    {
        if (linkLog.Head.Sequence <= linkLog.Log.Pending.Sequence)
            linkLog.AheadSince = state.Now;
        linkLog.Head = head;
        HeardPositions.Need(linkLog);
    }

    private void Judge(LinkLog linkLog)
    {
        var log = linkLog.Log;
        if (!log.Known)
            return;
        Confirm(linkLog);
        heard.Settle(linkLog);
        if (linkLog.Head.Sequence <= log.Pending.Sequence)
            return;
        if (log.Taken)
            choice.OnAhead(linkLog);
        else
            RefuseIfAhead(linkLog);
    }

    /// <summary>Says once why what the other side told is not taken.</summary>
    private void RefuseIfAhead(LinkLog linkLog)
    {
        var log = linkLog.Log;
        if (linkLog.RefusalSent || log.Own || linkLog.Head.Sequence <= log.Pending.Sequence)
            return;
        if (log.Frozen)
        {
            forks.Show(linkLog);
            return;
        }

        linkLog.RefusalSent = true;
        var reason = log.OverQuota ? RefuseReason.Quota : RefuseReason.Unwanted;
        state.Emit(new ReplicatorOutput.SendRefuse(linkLog.Link.Id, log.Id, reason));
    }

    private static bool IsExpected(LinkLog linkLog) =>
        linkLog.Asked && linkLog.Log.Taken && !linkLog.Log.Freezing
        && linkLog.Link.Takes(linkLog.Log.Key, linkLog.Log.Conversation);

    private void Store(LinkLog linkLog, SegmentHeader header, BodyHandle body)
    {
        var log = linkLog.Log;
        InvariantException.Check(header.After == log.Pending && log.Taken, "Only what is wanted and next is stored.");
        log.Pending = header.Head;
        log.LastProgress = state.Now;
        log.Rotations = 0;
        linkLog.Failures = 0;
        linkLog.Refused = false;
        log.Stores.Enqueue(new StoreInFlight(header.Head, linkLog.Link, header.Weight, log.Generation));
        CreditBudget.Hold(linkLog.Link, header.Weight);
        state.Emit(new ReplicatorOutput.Store(header, body));
        if (log.Pusher is null)
            choice.Consider(log);
    }

    private void Reject(LinkState link, SegmentHeader header, BodyHandle body)
    {
        state.Emit(new ReplicatorOutput.Release(body));
        credit.Return(link, header.Weight);
    }
}
