using P2PGrpc.Core.Logs;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Replication;

/// <summary>Takes what was told and pushed: acknowledgements, heads that are ahead, segments on their way to the store.</summary>
internal sealed class SegmentReceiver(
    ReplicatorState state, CreditBudget credit, StoreGate gate, PusherChoice choice, HeardPositions heard, Teller teller, ForkWatch forks,
    Repairs repairs, Succession succession, LogQuota quota, ByteQuota bytes)
{
    public void OnHave(LinkState link, ReplicatorInput.Have have)
    {
        foreach (var item in have.Logs)
        {
            if (item.Head.Sequence is 0 or >= LogLimits.Sequence
                || !state.Conversations.TryGetValue(item.Log.Conversation, out var conversation)
                || !link.Takes(item.Log, conversation))
                continue;
            if (conversation.Loaded && !quota.Admits(conversation, item.Log, item.LogId))
            {
                quota.TurnAway(link, conversation, item);
                continue;
            }

            var log = state.GetLog(conversation, item.Log, item.LogId);
            if (log.Own && item.Head.Sequence > log.Durable.Sequence)
                continue;
            if (!state.TryGetNamed(link, log, out var linkedLog))
                return;
            OnHead(linkedLog, item.Head);
        }

        if (have.Through is { } through)
            heard.Mark(link, through);
    }

    /// <summary>The conversation's heads are known now: judges what its links told before.</summary>
    public void OnKnown(LogState log)
    {
        foreach (var linkedLog in log.Links.ToArray())
            Judge(linkedLog);
    }

    public void OnSegment(LinkState link, SegmentHeader header, BodyHandle body)
    {
        var verdict = credit.Take(link, body.Weigh(header));
        if (verdict == CreditVerdict.Overrun)
        {
            state.Emit(new ReplicatorOutput.Release(body));
            state.Close(link, CloseReason.CreditOverrun);
            return;
        }

        if (link.Logs.TryGetValue(header.LogId, out var linkedLog))
        {
            // After the word that it gave all, this answers a later Want.
            linkedLog.GaveAll = false;
            OnShown(linkedLog, header);
        }

        if (verdict == CreditVerdict.NoRoom)
        {
            Drop(linkedLog, body);
            return;
        }

        if (linkedLog is not null && repairs.TryTake(linkedLog, header, body))
            return;
        if (linkedLog is null || !IsExpected(linkedLog))
        {
            Reject(link, header, body);
            return;
        }

        if (body is ErasedBody && header.LastSequence > linkedLog.AskedErasedThrough)
        {
            Reject(link, header, body);
            choice.OnUnasked(linkedLog);
            return;
        }

        var log = linkedLog.Log;
        if (!gate.Closed)
        {
            Take(linkedLog, header, body);
            return;
        }

        // What is turned away now is missing later: want it again once the store takes it.
        Reject(link, header, body);
        choice.Drop(log);
        choice.Consider(log);
    }

    /// <summary>A Store is on disk: its credit is free, and who sent it is told.</summary>
    public void OnStored(LogState log, ReplicatorInput.Stored stored)
    {
        var head = stored.Head;
        if (head.Sequence > log.Durable.Sequence)
            log.Durable = head;
        if (head.Sequence > log.Pending.Sequence)
            log.Pending = head;
        forks.OnStored(log);

        // Nobody waits for what was reported as failed and is found on disk. Where it is with the store again, that is answered by a mismatch.
        if (stored.Recovered)
        {
            bytes.Charge(log, stored.Weight);
            return;
        }

        log.Mismatches = 0;
        InvariantException.Check(log.Stores.TryDequeue(out var store) && store.Head == head, "Stores are answered in order.");
        credit.Finish(store.Link, store.Weight);
        if (!store.Link.Down && store.Link.Logs.TryGetValue(log.Id, out var linkedLog))
            teller.Acknowledge(linkedLog);
    }

    public void OnStoreFailed(LogState log, Head head, StoreFailure failure)
    {
        InvariantException.Check(log.Stores.TryDequeue(out var store) && store.Head == head, "Stores are answered in order.");
        credit.Finish(store.Link, store.Weight);
        bytes.Refund(log, store.Weight);
        if (failure is StoreFailure.Full or StoreFailure.Halted)
            state.StoreRefusals++;
        if (store.Generation != log.Generation)
            return;
        log.Generation++;
        log.Pending = log.Durable;
        switch (failure)
        {
            case StoreFailure.Full:
            case StoreFailure.Halted:
                gate.Close();
                choice.Drop(log);
                break;
            case StoreFailure.Quota:
                TurnAway(log);
                break;
            case StoreFailure.Mismatch when ++log.Mismatches >= state.Limits.Mismatches:
                // What lies on disk is not what its first reading said, and nothing can be put behind it.
                log.Frozen = true;
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
        foreach (var linkedLog in log.Links)
        {
            RefuseIfAhead(linkedLog);
            heard.Settle(linkedLog);
        }
    }

    /// <summary>Reports an acknowledgement once what it says lies within what is on disk here.</summary>
    public void Confirm(LinkedLog linkedLog)
    {
        var log = linkedLog.Log;
        if (linkedLog.Unreported is not { } head || !log.Known || head.Sequence > log.Durable.Sequence)
            return;
        linkedLog.Unreported = null;
        if (head.Sequence < log.Durable.Sequence || head.Hash == log.Durable.Hash)
            state.Emit(new ReplicatorOutput.Acknowledged(linkedLog.Link.Peer, log.Key, log.Id, head));
        else
            choice.Question(linkedLog);
    }

    private void Take(LinkedLog linkedLog, SegmentHeader header, BodyHandle body)
    {
        var (link, log) = (linkedLog.Link, linkedLog.Log);
        switch (AppendRule.Judge(log.Pending, header))
        {
            case AppendVerdict.Next when !quota.Admits(log.Conversation, log.Key, log.Id):
                Reject(link, header, body);
                TurnAway(log);
                break;
            case AppendVerdict.Next when !bytes.Admits(log, body.Weigh(header)):
                Reject(link, header, body);
                Delay(log);
                break;
            case AppendVerdict.Next when succession.MustWait(log, header):
                Reject(link, header, body);
                choice.Drop(log);
                break;
            case AppendVerdict.Next:
                Store(linkedLog, header, body);
                break;
            case AppendVerdict.Duplicate:
                Reject(link, header, body);
                if (header.LastSequence <= log.Durable.Sequence)
                    teller.Acknowledge(linkedLog);
                break;
            case AppendVerdict.Gap:
                Reject(link, header, body);
                if (log.Pusher == linkedLog)
                    choice.AskAgain(linkedLog);
                break;
            default:
                Reject(link, header, body);
                forks.OnConflict(linkedLog, header);
                break;
        }
    }

    private void OnHead(LinkedLog linkedLog, Head head)
    {
        if (head.Sequence < linkedLog.Head.Sequence || (head == linkedLog.Unreported && !linkedLog.Refused && !linkedLog.GaveAll))
            return;
        // Also where it tells the same again: what it could not give before, for damage, it may have got back.
        linkedLog.Refused = false;
        linkedLog.GaveAll = false;
        linkedLog.Unreported = head;
        Raise(linkedLog, head);
        Judge(linkedLog);
    }

    /// <summary>A segment tells what the other side holds as well as a Have does: its sender counts it as told.</summary>
    private void OnShown(LinkedLog linkedLog, SegmentHeader header)
    {
        if (header.LastSequence <= linkedLog.Head.Sequence || linkedLog.Log.Own)
            return;
        Raise(linkedLog, header.Head);
    }

    private void Raise(LinkedLog linkedLog, Head head)
    {
        if (linkedLog.Head.Sequence <= linkedLog.Log.Pending.Sequence)
            linkedLog.AheadSince = state.Now;
        linkedLog.Head = head;
        HeardPositions.Need(linkedLog);
    }

    private void Judge(LinkedLog linkedLog)
    {
        var log = linkedLog.Log;
        if (!log.Known)
            return;
        Confirm(linkedLog);
        heard.Settle(linkedLog);
        if (linkedLog.Head.Sequence <= log.Pending.Sequence)
            return;
        if (log.Taken && !quota.Admits(log.Conversation, log.Key, log.Id))
            TurnAway(log);
        else if (log.Taken)
            OnAhead(linkedLog);
        else
            RefuseIfAhead(linkedLog);
    }

    private void OnAhead(LinkedLog linkedLog)
    {
        choice.OnAhead(linkedLog);
        // Who pushes it is told by the end of our Want, and must not end it by a word that crosses it.
        if (linkedLog.Log.Pusher != linkedLog && bytes.FindObstacle(linkedLog.Log) is not null)
            SayDelayed(linkedLog);
    }

    /// <summary>A quota keeps more of the log away for now: it is not asked for until there is room.</summary>
    private void Delay(LogState log)
    {
        choice.Drop(log);
        choice.Consider(log);
        if (bytes.FindObstacle(log) is not { } meter)
            return;
        bytes.Announce(log, meter);
        foreach (var linkedLog in log.Links)
            SayDelayed(linkedLog);
    }

    /// <summary>Says once a link and author that it has to wait.</summary>
    private void SayDelayed(LinkedLog linkedLog)
    {
        var log = linkedLog.Log;
        if (linkedLog.Head.Sequence > log.Pending.Sequence && linkedLog.Link.OverQuota.Add((log.Conversation.Id, log.Key.Author)))
            state.Emit(new ReplicatorOutput.SendRefuse(linkedLog.Link.Id, log.Id, RefuseReason.Quota));
    }

    private void TurnAway(LogState log)
    {
        quota.Announce(log.Conversation, log.Key);
        log.OverQuota = true;
        choice.Drop(log);
        NotTaken(log);
    }

    /// <summary>Says once why what the other side told is not taken.</summary>
    private void RefuseIfAhead(LinkedLog linkedLog)
    {
        var log = linkedLog.Log;
        if (linkedLog.RefusalSent || log.Own || linkedLog.Head.Sequence <= log.Pending.Sequence)
            return;
        if (log.Frozen)
        {
            forks.Show(linkedLog);
            return;
        }

        linkedLog.RefusalSent = true;
        var reason = log.OverQuota ? RefuseReason.Quota : RefuseReason.Unwanted;
        state.Emit(new ReplicatorOutput.SendRefuse(linkedLog.Link.Id, log.Id, reason));
    }

    private static bool IsExpected(LinkedLog linkedLog) =>
        linkedLog.Asked && linkedLog.Log.Taken && !linkedLog.Log.Freezing
        && linkedLog.Link.Takes(linkedLog.Log.Key, linkedLog.Log.Conversation);

    private void Store(LinkedLog linkedLog, SegmentHeader header, BodyHandle body)
    {
        var log = linkedLog.Log;
        InvariantException.Check(header.After == log.Pending && log.Taken, "Only what is wanted and next is stored.");
        log.Pending = header.Head;
        state.UncountIfHeld(log);
        log.LastProgress = state.Now;
        log.Rotations = 0;
        log.Excuses = 0;
        linkedLog.Failures = 0;
        linkedLog.Refused = false;
        var weight = body.Weigh(header);
        log.Stores.Enqueue(new StoreInFlight(header.Head, linkedLog.Link, weight, log.Generation));
        CreditBudget.Hold(linkedLog.Link, weight);
        bytes.Charge(log, weight);
        state.Emit(new ReplicatorOutput.Store(header, body, state.StoreRefusals));
        if (bytes.FindObstacle(log) is not null)
            Delay(log);
        else if (log.Pusher is null)
            choice.Consider(log);
    }

    /// <summary>There is no room for what came. It is wanted again from where we are, which what follows it would miss.</summary>
    private void Drop(LinkedLog? linkedLog, BodyHandle body)
    {
        state.Emit(new ReplicatorOutput.Release(body));
        if (linkedLog is null || (linkedLog.Log.Pusher is { } pusher && pusher != linkedLog))
            return;
        choice.Drop(linkedLog.Log);
        choice.Consider(linkedLog.Log);
    }

    private void Reject(LinkState link, SegmentHeader header, BodyHandle body)
    {
        state.Emit(new ReplicatorOutput.Release(body));
        credit.Return(link, body.Weigh(header));
    }
}
