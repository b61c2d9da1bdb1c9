using P2PGrpc.Core.Logs;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Replication;

/// <summary>Serves the other sides' Wants: loads what they lack as their credit allows, log by log in turn.</summary>
internal sealed class SegmentSender(ReplicatorState state, Teller teller)
{
    /// <summary>Credit beyond this is not counted: nobody needs it, and the sum can't overflow.</summary>
    private const long MaximumCredit = 1L << 40;

    public void OnWant(LinkState link, ReplicatorInput.Want want)
    {
        if (!state.Logs.TryGetValue(want.LogId, out var log) || !log.Known)
        {
            if (link.AllLoaded)
                state.Emit(new ReplicatorOutput.SendRefuse(link.Id, want.LogId, RefuseReason.Unknown));
            else if (link.HeldWants.Count < state.Limits.LogsPerLink)
                link.HeldWants[want.LogId] = want;
            else
                state.Close(link, CloseReason.TooManyLogs);
            return;
        }

        if (!link.Shared.ContainsKey(log.Conversation) || log.Durable.Sequence == 0)
        {
            state.Emit(new ReplicatorOutput.SendRefuse(link.Id, want.LogId, RefuseReason.Unknown));
            return;
        }

        if (state.TryGetNamed(link, log, out var linkedLog))
            Start(linkedLog, want);
    }

    public void OnUnwant(LinkState link, LogId logId)
    {
        link.HeldWants.Remove(logId);
        if (link.Logs.TryGetValue(logId, out var linkedLog) && linkedLog.Want != WantKind.None)
            End(linkedLog);
    }

    public void OnCredit(LinkState link, long bytes)
    {
        link.CreditOut = Math.Min(MaximumCredit, link.CreditOut + Math.Clamp(bytes, 0, MaximumCredit));
        Pump(link);
    }

    /// <summary>The Wants that had to wait for a conversation's heads.</summary>
    public void OnAllLoaded(LinkState link)
    {
        var held = link.HeldWants.Values.ToList();
        link.HeldWants.Clear();
        foreach (var want in held)
        {
            if (!link.Down)
                OnWant(link, want);
        }
    }

    /// <summary>The log moved on here: send it or tell it. While the conversation's heads are being loaded nothing is told: what its author wrote
    /// before this process started must be wanted first, and when they are known all is told in order.</summary>
    public void OnAdvanced(LinkedLog linkedLog)
    {
        ReplicatorState.CountUntold(linkedLog);
        if (linkedLog.Want != WantKind.None)
            Enqueue(linkedLog);
        else if (linkedLog.Told < linkedLog.Log.Durable.Sequence && linkedLog.Log.Conversation.Loaded)
            teller.TellSoon(linkedLog);
    }

    /// <summary>Ends a Want. What the other side did not get by it, it is told.</summary>
    public void End(LinkedLog linkedLog)
    {
        linkedLog.Want = WantKind.None;
        linkedLog.Unchecked = false;
        linkedLog.LoadStale = linkedLog.Loading;
        if (linkedLog.Told < linkedLog.Log.Durable.Sequence)
            teller.TellAtOnce(linkedLog);
        Advance(linkedLog);
    }

    /// <summary>Nothing more will follow in a frozen log: says so to those who have got all of it.</summary>
    public void RefuseIfFrozen(LinkedLog linkedLog)
    {
        var log = linkedLog.Log;
        if (!log.Frozen || linkedLog.Want == WantKind.None || linkedLog.Loading || linkedLog.Unchecked
            || linkedLog.SentThrough.Sequence < log.Durable.Sequence)
            return;
        // Again: who held nothing of the log when it was shown the proof had no use for it.
        if (log.Proof is { } proof)
            state.Emit(new ReplicatorOutput.SendForkProof(linkedLog.Link.Id, proof.First, proof.Second));
        Refuse(linkedLog, RefuseReason.Frozen);
    }

    public void OnLoaded(LinkState link, LinkedLog linkedLog, LoadResult result)
    {
        link.CreditOut += linkedLog.Reserved;
        linkedLog.Loading = false;
        if (linkedLog.LoadStale || linkedLog.Want == WantKind.None)
        {
            linkedLog.LoadStale = false;
            Release(result);
        }
        else
        {
            linkedLog.Unchecked = false;
            Answer(linkedLog, result);
        }

        RefuseIfFrozen(linkedLog);
        // The log may have been shared anew since the Load began.
        if (link.Logs.TryGetValue(linkedLog.Log.Id, out var current))
            Enqueue(current);
        Pump(link);
        Advance(linkedLog);
    }

    public void Release(LoadResult result)
    {
        if (result is not LoadResult.Segments segments)
            return;
        foreach (var held in segments.Held)
            state.Emit(new ReplicatorOutput.Release(held.Body));
    }

    private void Start(LinkedLog linkedLog, ReplicatorInput.Want want)
    {
        var durable = linkedLog.Log.Durable;
        linkedLog.Want = want.Standing ? WantKind.Standing : WantKind.Once;
        linkedLog.OnceThrough = durable.Sequence;
        linkedLog.ErasedThrough = want.ErasedThrough;
        linkedLog.SentThrough = want.After;
        linkedLog.Unchecked = want.After.Sequence == durable.Sequence && want.After.Hash != durable.Hash;
        linkedLog.LoadStale = linkedLog.Loading;
        linkedLog.Minimum = 0;
        EndOnce(linkedLog);
        RefuseIfFrozen(linkedLog);
        Enqueue(linkedLog);
    }

    private void EndOnce(LinkedLog linkedLog)
    {
        if (linkedLog.Want == WantKind.Once && !linkedLog.Unchecked && linkedLog.SentThrough.Sequence >= linkedLog.OnceThrough)
            End(linkedLog);
    }

    private void Answer(LinkedLog linkedLog, LoadResult result)
    {
        switch (result)
        {
            case LoadResult.Segments { Held.Count: > 0 } segments:
                Send(linkedLog, segments.Held);
                break;
            case LoadResult.Segments when linkedLog.SentThrough.Sequence < linkedLog.Log.Durable.Sequence:
                if (linkedLog.Reserved >= state.Limits.LoadWeight)
                    Refuse(linkedLog, RefuseReason.Damaged);
                else
                    linkedLog.Minimum = linkedLog.Reserved + 1;
                break;
            case LoadResult.Segments:
                EndOnce(linkedLog);
                break;
            case LoadResult.Pruned pruned:
                Refuse(linkedLog, RefuseReason.Pruned, pruned.Stretch);
                break;
            case LoadResult.NoSuchBoundary other:
                state.Emit(new ReplicatorOutput.SendForkProof(linkedLog.Link.Id, other.Header, null));
                End(linkedLog);
                break;
            default:
                Refuse(linkedLog, RefuseReason.Damaged);
                break;
        }
    }

    private void Send(LinkedLog linkedLog, IReadOnlyList<HeldSegment> segments)
    {
        long weight = 0;
        foreach (var held in segments)
        {
            InvariantException.Check(held.Header.After == linkedLog.SentThrough, "Segments are sent gapless from the place that was wanted.");
            linkedLog.SentThrough = held.Header.Head;
            InvariantException.Check(
                held.Body is not ErasedBody || held.Header.LastSequence <= linkedLog.ErasedThrough, "A header alone is sent only where that was wanted.");
            weight += held.Weight;
        }

        InvariantException.Check(weight <= linkedLog.Reserved, "A Load brings no more than it was asked for.");
        linkedLog.Link.CreditOut -= weight;
        linkedLog.Minimum = 0;
        Teller.MarkTold(linkedLog, linkedLog.SentThrough.Sequence);
        state.Emit(new ReplicatorOutput.SendSegments(linkedLog.Link.Id, segments));
        EndOnce(linkedLog);
    }

    private void Refuse(LinkedLog linkedLog, RefuseReason reason, ErasedStretch? erased = null)
    {
        state.Emit(new ReplicatorOutput.SendRefuse(linkedLog.Link.Id, linkedLog.Log.Id, reason, erased));
        End(linkedLog);
    }

    private void Enqueue(LinkedLog linkedLog)
    {
        if (linkedLog.InReady || linkedLog.InLane || !HasWork(linkedLog))
            return;
        var lane = LaneOf(linkedLog);
        if (lane.Current is { } current && current != linkedLog && IsBusy(current))
        {
            lane.Wait(linkedLog);
            return;
        }

        lane.Current = linkedLog;
        linkedLog.InReady = true;
        linkedLog.Link.Ready.Enqueue(linkedLog);
        Pump(linkedLog.Link);
    }

    /// <summary>Goes on with the author's next log where the one before has nothing more to send.</summary>
    private void Advance(LinkedLog linkedLog)
    {
        var lane = LaneOf(linkedLog);
        while ((lane.Current is not { } current || !IsBusy(current)) && lane.TryNext(out var next))
            Enqueue(next);
    }

    private static AuthorLane LaneOf(LinkedLog linkedLog)
    {
        var key = (linkedLog.Log.Key.Conversation, linkedLog.Log.Key.Author);
        if (!linkedLog.Link.Lanes.TryGetValue(key, out var lane))
            linkedLog.Link.Lanes[key] = lane = new AuthorLane();
        return lane;
    }

    private static bool IsBusy(LinkedLog linkedLog) =>
        linkedLog.InReady || HasWork(linkedLog)
        || (linkedLog.Link.LoadsInFlight.TryGetValue(linkedLog.Log.Id, out var loading) && loading == linkedLog);

    private static bool HasWork(LinkedLog linkedLog) =>
        !linkedLog.Removed && linkedLog.Want != WantKind.None && !linkedLog.Link.LoadsInFlight.ContainsKey(linkedLog.Log.Id)
        && (linkedLog.Unchecked || linkedLog.SentThrough.Sequence < linkedLog.Log.Durable.Sequence);

    private void Pump(LinkState link)
    {
        while (link.LoadsInFlight.Count < state.Limits.LoadsPerLink && link.Ready.TryPeek(out var linkedLog))
        {
            if (HasWork(linkedLog) && !TryLoad(linkedLog))
                return;
            linkedLog.InReady = false;
            link.Ready.Dequeue();
            Advance(linkedLog);
        }
    }

    /// <summary>False if credit is lacking.</summary>
    private bool TryLoad(LinkedLog linkedLog)
    {
        var link = linkedLog.Link;
        var weight = Math.Min(link.CreditOut, state.Limits.LoadWeight);
        if (linkedLog.Unchecked)
            weight = 0;
        else if (weight < Math.Max(1, linkedLog.Minimum))
            return false;
        linkedLog.Loading = true;
        linkedLog.LoadStale = false;
        linkedLog.Reserved = weight;
        link.CreditOut -= weight;
        InvariantException.Check(link.LoadsInFlight.TryAdd(linkedLog.Log.Id, linkedLog), "A link and log have one Load in flight.");
        state.Emit(new ReplicatorOutput.Load(link.Id, linkedLog.Log.Id, linkedLog.SentThrough, weight, linkedLog.ErasedThrough));
        return true;
    }
}
