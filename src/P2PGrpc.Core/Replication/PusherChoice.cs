namespace P2PGrpc.Core.Replication;

/// <summary>Chooses for each log the one neighbour that pushes it, and another when it stands still.</summary>
internal sealed class PusherChoice(ReplicatorState state, CreditBudget credit, StoreGate gate)
{
    /// <summary>Each change of pusher without progress doubles the patience, up to 2^6 times: over slow links, what is under way must arrive some day.</summary>
    private const int MaximumDoublings = 6;

    /// <summary>Wants the log from a neighbour that is ahead, if it is to be taken and nobody pushes it yet.</summary>
    public void Consider(LogState log)
    {
        if (log.Pusher is not null || !log.Known || !log.Taken || log.Freezing || FindBest(log) is not { } best)
            return;
        if (gate.Closed)
        {
            gate.Defer(log);
            return;
        }

        log.Pusher = best;
        log.LastProgress = state.Now;
        Ask(best, standing: true);
        Watch(log);
    }

    /// <summary>The neighbour told a head that is ahead of us: it pushes, or we keep an eye on who does.</summary>
    public void OnAhead(LinkLog linkLog)
    {
        if (linkLog.Log.Pusher is null)
            Consider(linkLog.Log);
        else if (linkLog.Log.Pusher != linkLog)
            Watch(linkLog.Log);
    }

    /// <summary>Ends the standing Want, if there is one.</summary>
    public void Drop(LogState log)
    {
        var pusher = log.Pusher;
        End(log);
        if (pusher is { Removed: false })
            state.Emit(new ReplicatorOutput.SendUnwant(pusher.Link.Id, log.Id));
    }

    /// <summary>The standing Want is over without a word of ours.</summary>
    public void End(LogState log)
    {
        log.Pusher = null;
        state.Deadlines.Set(log, null);
    }

    /// <summary>The neighbour said that it won't go on: its Want is over.</summary>
    public void OnRefused(LinkLog linkLog)
    {
        linkLog.Refused = true;
        linkLog.Failures++;
        if (linkLog.Log.Pusher == linkLog)
            End(linkLog.Log);
        Consider(linkLog.Log);
    }

    /// <summary>Asks the pusher again from where we are, at most once a place and generation: what is under way may show the same gap many times.</summary>
    public void AskAgain(LinkLog pusher)
    {
        var place = (pusher.Log.Generation, pusher.Log.Pending.Sequence);
        if (pusher.AskedAgain == place)
            return;
        pusher.AskedAgain = place;
        Ask(pusher, standing: true);
    }

    /// <summary>Asks what stands at our head's place there, once a place: it answers with a header if it is not our head.</summary>
    public void Question(LinkLog linkLog)
    {
        var log = linkLog.Log;
        if (linkLog.QuestionedAt == log.Pending.Sequence || log.Frozen || log.Freezing || log.Pusher == linkLog)
            return;
        linkLog.QuestionedAt = log.Pending.Sequence;
        Ask(linkLog, standing: false);
    }

    /// <summary>The stall rule's time for this log has come.</summary>
    public void OnDue(LogState log)
    {
        if (log.Pusher is not { } pusher || FindDue(log) is not { } due)
            return;
        if (pusher.Link.Busy > 0)
        {
            // The store is what is slow: the pusher may have no credit left.
            state.Deadlines.Set(log, state.Now + Patience(log));
            return;
        }

        if (due > state.Now)
        {
            state.Deadlines.Set(log, due);
            return;
        }

        pusher.Failures++;
        Drop(log);
        log.Rotations++;
        Consider(log);
    }

    private void Watch(LogState log)
    {
        if (log.DueAt is null && FindDue(log) is { } due)
            state.Deadlines.Set(log, due);
    }

    /// <summary>When the pusher will count as stalled if nothing moves; null if nobody else is ahead.</summary>
    private TimeSpan? FindDue(LogState log)
    {
        TimeSpan? earliest = null;
        foreach (var linkLog in log.Links)
        {
            if (linkLog == log.Pusher || !CanPush(linkLog))
                continue;
            var since = linkLog.AheadSince > log.LastProgress ? linkLog.AheadSince : log.LastProgress;
            if (earliest is null || since < earliest)
                earliest = since;
        }

        return earliest + Patience(log);
    }

    private TimeSpan Patience(LogState log) => state.Limits.StallTime * (1 << Math.Min(log.Rotations, MaximumDoublings));

    private static LinkLog? FindBest(LogState log)
    {
        LinkLog? best = null;
        foreach (var linkLog in log.Links)
        {
            if (CanPush(linkLog) && (best is null || linkLog.Failures < best.Failures))
                best = linkLog;
        }

        return best;
    }

    private static bool CanPush(LinkLog linkLog) =>
        linkLog.Head.Sequence > linkLog.Log.Pending.Sequence && !linkLog.Refused && !linkLog.FrozenThere
        && linkLog.Link.Takes(linkLog.Log.Key, linkLog.Log.Conversation);

    private void Ask(LinkLog linkLog, bool standing)
    {
        linkLog.Asked = true;
        credit.Open(linkLog.Link);
        state.Emit(new ReplicatorOutput.SendWant(linkLog.Link.Id, linkLog.Log.Id, linkLog.Log.Pending, standing));
    }
}
