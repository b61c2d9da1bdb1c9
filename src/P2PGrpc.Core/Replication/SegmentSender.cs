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

        if (state.TryGetNamed(link, log, out var linkLog))
            Start(linkLog, want);
    }

    public void OnUnwant(LinkState link, LogId logId)
    {
        link.HeldWants.Remove(logId);
        if (link.Logs.TryGetValue(logId, out var linkLog) && linkLog.Want != WantKind.None)
            End(linkLog);
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

    /// <summary>The log moved on here: send it or tell it.</summary>
    public void OnAdvanced(LinkLog linkLog)
    {
        ReplicatorState.CountUntold(linkLog);
        if (linkLog.Want != WantKind.None)
            Enqueue(linkLog);
        else if (linkLog.Told < linkLog.Log.Durable.Sequence)
            teller.TellSoon(linkLog);
    }

    /// <summary>Ends a Want. What the other side did not get by it, it is told.</summary>
    public void End(LinkLog linkLog)
    {
        linkLog.Want = WantKind.None;
        linkLog.Unchecked = false;
        linkLog.LoadStale = linkLog.Loading;
        if (linkLog.Told < linkLog.Log.Durable.Sequence)
            teller.TellSoon(linkLog);
    }

    /// <summary>Nothing more will follow in a frozen log: says so to those who have got all of it.</summary>
    public void RefuseIfFrozen(LinkLog linkLog)
    {
        var log = linkLog.Log;
        if (!log.Frozen || linkLog.Want == WantKind.None || linkLog.Loading || linkLog.Unchecked
            || linkLog.SentThrough.Sequence < log.Durable.Sequence)
            return;
        Refuse(linkLog, RefuseReason.Frozen);
    }

    public void OnLoaded(LinkState link, LinkLog linkLog, LoadResult result)
    {
        link.CreditOut += linkLog.Reserved;
        linkLog.Loading = false;
        if (linkLog.LoadStale || linkLog.Want == WantKind.None)
        {
            linkLog.LoadStale = false;
            Release(result);
        }
        else
        {
            linkLog.Unchecked = false;
            Answer(linkLog, result);
        }

        RefuseIfFrozen(linkLog);
        // The log may have been shared anew since the Load began.
        if (link.Logs.TryGetValue(linkLog.Log.Id, out var current))
            Enqueue(current);
        Pump(link);
    }

    public void Release(LoadResult result)
    {
        if (result is not LoadResult.Segments segments)
            return;
        foreach (var held in segments.Held)
            state.Emit(new ReplicatorOutput.Release(held.Body));
    }

    private void Start(LinkLog linkLog, ReplicatorInput.Want want)
    {
        var durable = linkLog.Log.Durable;
        linkLog.Want = want.Standing ? WantKind.Standing : WantKind.Once;
        linkLog.OnceThrough = durable.Sequence;
        linkLog.SentThrough = want.After;
        linkLog.Unchecked = want.After.Sequence == durable.Sequence && want.After.Hash != durable.Hash;
        linkLog.LoadStale = linkLog.Loading;
        linkLog.Minimum = 0;
        EndOnce(linkLog);
        RefuseIfFrozen(linkLog);
        Enqueue(linkLog);
    }

    private void EndOnce(LinkLog linkLog)
    {
        if (linkLog.Want == WantKind.Once && !linkLog.Unchecked && linkLog.SentThrough.Sequence >= linkLog.OnceThrough)
            End(linkLog);
    }

    private void Answer(LinkLog linkLog, LoadResult result)
    {
        switch (result)
        {
            case LoadResult.Segments { Held.Count: > 0 } segments:
                Send(linkLog, segments.Held);
                break;
            case LoadResult.Segments when linkLog.SentThrough.Sequence < linkLog.Log.Durable.Sequence:
                if (linkLog.Reserved >= state.Limits.LoadWeight)
                    Refuse(linkLog, RefuseReason.Damaged);
                else
                    linkLog.Minimum = linkLog.Reserved + 1;
                break;
            case LoadResult.Segments:
                EndOnce(linkLog);
                break;
            case LoadResult.NoSuchBoundary other:
                state.Emit(new ReplicatorOutput.SendForkProof(linkLog.Link.Id, other.Header, null));
                End(linkLog);
                break;
            default:
                Refuse(linkLog, RefuseReason.Damaged);
                break;
        }
    }

    private void Send(LinkLog linkLog, IReadOnlyList<HeldSegment> segments)
    {
        long weight = 0;
        foreach (var held in segments)
        {
            InvariantException.Check(held.Header.After == linkLog.SentThrough, "Segments are sent gapless from the place that was wanted.");
            linkLog.SentThrough = held.Header.Head;
            weight += held.Header.Weight;
        }

        InvariantException.Check(weight <= linkLog.Reserved, "A Load brings no more than it was asked for.");
        linkLog.Link.CreditOut -= weight;
        linkLog.Minimum = 0;
        Teller.MarkTold(linkLog, linkLog.SentThrough.Sequence);
        state.Emit(new ReplicatorOutput.SendSegments(linkLog.Link.Id, segments));
        EndOnce(linkLog);
    }

    private void Refuse(LinkLog linkLog, RefuseReason reason)
    {
        state.Emit(new ReplicatorOutput.SendRefuse(linkLog.Link.Id, linkLog.Log.Id, reason));
        End(linkLog);
    }

    private void Enqueue(LinkLog linkLog)
    {
        if (linkLog.InReady || !HasWork(linkLog))
            return;
        linkLog.InReady = true;
        linkLog.Link.Ready.Enqueue(linkLog);
        Pump(linkLog.Link);
    }

    private static bool HasWork(LinkLog linkLog) =>
        !linkLog.Removed && linkLog.Want != WantKind.None && !linkLog.Link.LoadsInFlight.ContainsKey(linkLog.Log.Id)
        && (linkLog.Unchecked || linkLog.SentThrough.Sequence < linkLog.Log.Durable.Sequence);

    private void Pump(LinkState link)
    {
        while (link.LoadsInFlight.Count < state.Limits.LoadsPerLink && link.Ready.TryPeek(out var linkLog))
        {
            if (HasWork(linkLog) && !TryLoad(linkLog))
                return;
            linkLog.InReady = false;
            link.Ready.Dequeue();
        }
    }

    /// <summary>False if credit is lacking.</summary>
    private bool TryLoad(LinkLog linkLog)
    {
        var link = linkLog.Link;
        var weight = Math.Min(link.CreditOut, state.Limits.LoadWeight);
        if (linkLog.Unchecked)
            weight = 0;
        else if (weight < Math.Max(1, linkLog.Minimum))
            return false;
        linkLog.Loading = true;
        linkLog.LoadStale = false;
        linkLog.Reserved = weight;
        link.CreditOut -= weight;
        InvariantException.Check(link.LoadsInFlight.TryAdd(linkLog.Log.Id, linkLog), "A link and log have one Load in flight.");
        state.Emit(new ReplicatorOutput.Load(link.Id, linkLog.Log.Id, linkLog.SentThrough, weight));
        return true;
    }
}
