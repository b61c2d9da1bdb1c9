using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>Chooses for each log the one neighbour that pushes it, and another when it stands still.</summary>
internal sealed class PusherChoice(ReplicatorState state, CreditBudget credit, StoreGate gate, ByteQuota bytes)
{
    /// <summary>Each change of pusher without progress doubles the patience, up to 2^6 times: over slow links, what is under way must arrive some day.</summary>
    private const int MaximumDoublings = 6;

    /// <summary>How often a neighbour may fail that says to have the bodies which all others have erased, before the headers are asked for: with the patience that
    /// doubles this takes longer than it takes to find a link dead.</summary>
    public const int MaximumFailures = 5;

    /// <summary>How often in a row a pusher is excused whose credit is used up while the store is slow. Each time doubles the patience: a quarter of a minute together.</summary>
    private const int MaximumExcuses = 5;

    /// <summary>Wants the log from a neighbour that is ahead, if it is to be taken and nobody pushes it yet.</summary>
    public void Consider(LogState log)
    {
        if (log.Pusher is not null || !log.Known || !log.Taken || log.Freezing || log.Successor is not null || FindBest(log) is not { } best)
            return;
        if (gate.Closed)
        {
            gate.Defer(log);
            return;
        }

        if (best.IsErasedThere && log.Conversation.LinkedSince + state.Limits.ErasedPatience is var patience && patience > state.Now)
        {
            state.Deadlines.Set(log, patience);
            return;
        }

        if (!bytes.TryAsk(log))
            return;

        log.Pusher = best;
        log.LastProgress = state.Now;
        Ask(best, log.Pending, standing: true);
        Watch(log);
    }

    /// <summary>The neighbour told a head that is ahead of us: it pushes, or we keep an eye on who does.</summary>
    public void OnAhead(LinkedLog linkedLog)
    {
        if (linkedLog.Log.Pusher is null)
            Consider(linkedLog.Log);
        else if (linkedLog.Log.Pusher != linkedLog)
            WatchOrTurnTo(linkedLog);
    }

    /// <summary>Who has the bodies is asked in place of who has no more than headers.</summary>
    private void WatchOrTurnTo(LinkedLog linkedLog)
    {
        var log = linkedLog.Log;
        if (log.Pusher!.IsErasedThere && FindBest(log) is { IsErasedThere: false } best && best == linkedLog)
        {
            Drop(log);
            Consider(log);
        }
        else
        {
            Watch(log);
        }
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
    public void OnRefused(LinkedLog linkedLog)
    {
        linkedLog.Refused = true;
        linkedLog.Failures++;
        if (linkedLog.Log.Pusher == linkedLog)
            End(linkedLog.Log);
        Consider(linkedLog.Log);
    }

    /// <summary>The neighbour has frozen the log and sent all that it holds: its Want is over. Where that Want was ended here before, because what came could not be taken,
    /// nothing follows: it gives the same again.</summary>
    public void OnAllGiven(LinkedLog linkedLog)
    {
        var log = linkedLog.Log;
        if (log.Pusher != linkedLog)
            return;
        End(log);
        if (linkedLog.Head.Sequence > log.Pending.Sequence)
        {
            linkedLog.GaveAll = true;
            linkedLog.Failures++;
        }

        Consider(log);
    }

    /// <summary>The neighbour has erased the bodies that come next, and its Want is over.</summary>
    public void OnPruned(LinkedLog linkedLog, ErasedStretch stretch)
    {
        var log = linkedLog.Log;
        var next = log.Pending.Sequence + 1;
        var isNext = stretch.From <= next && stretch.HeldFrom > next;
        if (isNext && linkedLog.AskedErasedThrough < next)
        {
            linkedLog.HeldFrom = stretch.HeldFrom;
        }
        else if (isNext || log.Pusher == linkedLog)
        {
            // It gives not even the headers that it was asked for, or it speaks of another place, because something crossed on the way.
            linkedLog.Failures++;
            linkedLog.Refused |= isNext || linkedLog.Failures >= MaximumFailures;
        }

        if (log.Pusher == linkedLog)
            End(log);
        Consider(log);
    }

    /// <summary>The neighbour sent a header alone that nobody asked for.</summary>
    public void OnUnasked(LinkedLog linkedLog)
    {
        linkedLog.Refused = true;
        linkedLog.Failures++;
        if (linkedLog.Log.Pusher != linkedLog)
            return;
        Drop(linkedLog.Log);
        Consider(linkedLog.Log);
    }

    /// <summary>Asks the pusher again from where we are, at most once a place and generation: what is under way may show the same gap many times.</summary>
    public void AskAgain(LinkedLog pusher)
    {
        var place = (pusher.Log.Generation, pusher.Log.Pending.Sequence);
        if (pusher.AskedAgain == place)
            return;
        pusher.AskedAgain = place;
        Ask(pusher, pusher.Log.Pending, standing: true);
    }

    /// <summary>Asks what stands at our head's place there, once a place: it answers with a header if it is not our head.</summary>
    public void Question(LinkedLog linkedLog)
    {
        var log = linkedLog.Log;
        if (linkedLog.QuestionedAt == log.Pending.Sequence || log.Frozen || log.Freezing || log.Pusher == linkedLog || log.Repair?.Asked == linkedLog)
            return;
        linkedLog.QuestionedAt = log.Pending.Sequence;
        Ask(linkedLog, log.Pending, standing: false);
    }

    /// <summary>Sends a Want, and opens the link's credit with the first. A link has one Want of a log: where a repair waits for it, it starts there.</summary>
    public void Ask(LinkedLog linkedLog, Head after, bool standing)
    {
        linkedLog.Asked = true;
        credit.Open(linkedLog.Link);
        var repair = linkedLog.Log.Repair is { } open && open.Asked == linkedLog ? open : null;
        var erasedThrough = repair is null && standing && linkedLog.IsErasedThere ? Math.Min(linkedLog.HeldFrom - 1, FindErasedLimit(linkedLog)) : 0;
        linkedLog.AskedErasedThrough = Math.Max(linkedLog.AskedErasedThrough, erasedThrough);
        state.Emit(new ReplicatorOutput.SendWant(linkedLog.Link.Id, linkedLog.Log.Id, repair?.After ?? after, standing, erasedThrough));
    }

    /// <summary>Through which sequence headers alone are taken from a neighbour at most: not beyond what the author has told, where that is a neighbour, too. Else whoever
    /// calls erased what was never erased could be faster than the author.</summary>
    private static ulong FindErasedLimit(LinkedLog linkedLog)
    {
        var author = linkedLog.Log.Links.Find(other => other != linkedLog && other.Link.Peer == linkedLog.Log.Key.Author);
        return author?.Head.Sequence ?? ulong.MaxValue;
    }

    /// <summary>The stall rule's time for this log has come.</summary>
    public void OnDue(LogState log)
    {
        if (log.Pusher is null)
            Consider(log);
        if (log.Pusher is not { } pusher || FindDue(log) is not { } due)
            return;
        if (due > state.Now)
        {
            state.Deadlines.Set(log, due);
            return;
        }

        if (log.Excuses < MaximumExcuses && IsHeldUpByStore(log, pusher))
        {
            state.Deadlines.Set(log, state.Now + Patience(log) * (1 << log.Excuses));
            log.Excuses++;
            return;
        }

        pusher.Failures++;
        log.Rotations++;
        if (!pusher.IsErasedThere && FindBest(log) == pusher && OthersHaveErased(log))
        {
            // Nobody else has these bodies: to ask it anew would only make it begin again.
            log.LastProgress = state.Now;
            Watch(log);
            return;
        }

        Drop(log);
        Consider(log);
    }

    /// <summary>True if the store is what is slow: it has all that the pusher may send, or segments of this log. What it has of other logs is no excuse.</summary>
    private bool IsHeldUpByStore(LogState log, LinkedLog pusher) => log.Stores.Count > 0 || credit.IsUsedUp(pusher.Link);

    private static bool OthersHaveErased(LogState log) => log.Links.TrueForAll(other => other == log.Pusher || other.IsErasedThere || !CanPush(other));

    private void Watch(LogState log)
    {
        if (log.DueAt is null && FindDue(log) is { } due)
            state.Deadlines.Set(log, due);
    }

    /// <summary>When the pusher will count as stalled if nothing moves; null if nobody else is ahead.</summary>
    private TimeSpan? FindDue(LogState log)
    {
        TimeSpan? earliest = null;
        foreach (var linkedLog in log.Links)
        {
            if (linkedLog == log.Pusher || !CanPush(linkedLog))
                continue;
            var since = linkedLog.AheadSince > log.LastProgress ? linkedLog.AheadSince : log.LastProgress;
            if (earliest is null || since < earliest)
                earliest = since;
        }

        return earliest + Patience(log);
    }

    private TimeSpan Patience(LogState log) => state.Limits.StallTime * (1 << Math.Min(log.Rotations, MaximumDoublings));

    private static LinkedLog? FindBest(LogState log)
    {
        LinkedLog? best = null;
        foreach (var linkedLog in log.Links)
        {
            if (CanPush(linkedLog) && (best is null || Rank(linkedLog).CompareTo(Rank(best)) < 0))
                best = linkedLog;
        }

        return best;
    }

    /// <summary>Those who have the bodies come first, unless they say so only; then who has erased the least.</summary>
    private static (int Place, ulong HeldFrom, int Failures) Rank(LinkedLog linkedLog)
    {
        if (linkedLog.IsErasedThere)
            return (1, linkedLog.HeldFrom, linkedLog.Failures);
        return (linkedLog.Failures < MaximumFailures ? 0 : 2, 0, linkedLog.Failures);
    }

    /// <summary>True if the neighbour is known to have more of the log, and to give it.</summary>
    public static bool CanPush(LinkedLog linkedLog) =>
        linkedLog.Head.Sequence > linkedLog.Log.Pending.Sequence && !linkedLog.Refused && !linkedLog.GaveAll
        && (!linkedLog.IsErasedThere || FindErasedLimit(linkedLog) > linkedLog.Log.Pending.Sequence)
        && !linkedLog.Link.Closing
        && linkedLog.Link.Takes(linkedLog.Log.Key, linkedLog.Log.Conversation);
}
