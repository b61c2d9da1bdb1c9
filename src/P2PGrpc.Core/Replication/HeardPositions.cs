namespace P2PGrpc.Core.Replication;

/// <summary>Finds through which position of a link's feed everything that it told is on disk here, or is not to be taken.
/// One position at a time waits for what was lacking when it was told, and the newest one after it.</summary>
internal sealed class HeardPositions(ReplicatorState state)
{
    /// <summary>The link told a new head of this log.</summary>
    public static void Need(LinkedLog linkedLog)
    {
        if (IsSettled(linkedLog.Log, linkedLog.Head.Sequence))
            return;
        if (linkedLog.Needed == 0)
            linkedLog.Link.Unresolved.Add(linkedLog);
        linkedLog.Needed = linkedLog.Head.Sequence;
    }

    /// <summary>The link said that it has told everything through a position.</summary>
    public void Mark(LinkState link, ulong through)
    {
        if (link.HeardEnded || through <= link.LastThrough)
            return;
        link.LastThrough = through;
        if (link.Candidate != 0)
            link.Latest = through;
        else
            Propose(link, through);
    }

    /// <summary>The log moved on here, or is not taken any more.</summary>
    public void Settle(LinkedLog linkedLog)
    {
        if (linkedLog.Needed == 0)
            return;
        var link = linkedLog.Link;
        if (IsSettled(linkedLog.Log, linkedLog.Needed))
        {
            linkedLog.Needed = 0;
            link.Unresolved.Remove(linkedLog);
        }

        if (linkedLog.Blocking == 0 || !IsSettled(linkedLog.Log, linkedLog.Blocking))
            return;
        linkedLog.Blocking = 0;
        if (--link.Blocked > 0)
            return;
        Emit(link, link.Candidate);
        link.Candidate = 0;
        if (link.Latest == 0)
            return;
        var latest = link.Latest;
        link.Latest = 0;
        Propose(link, latest);
    }

    /// <summary>The link's conversation is not shared any more: what it told there is not here, so nothing after it may be called heard.</summary>
    public static void End(LinkState link)
    {
        link.HeardEnded = true;
        link.Candidate = 0;
        link.Latest = 0;
        link.Blocked = 0;
        foreach (var linkedLog in link.Unresolved)
        {
            linkedLog.Needed = 0;
            linkedLog.Blocking = 0;
        }

        link.Unresolved.Clear();
    }

    private void Propose(LinkState link, ulong through)
    {
        if (link.Unresolved.Count == 0)
        {
            Emit(link, through);
            return;
        }

        link.Candidate = through;
        link.Blocked = link.Unresolved.Count;
        foreach (var linkedLog in link.Unresolved)
            linkedLog.Blocking = linkedLog.Needed;
    }

    private static bool IsSettled(LogState log, ulong sequence) => log.Known && (log.Durable.Sequence >= sequence || !log.Taken);

    private void Emit(LinkState link, ulong position)
    {
        if (!link.HeardEnded)
            state.Emit(new ReplicatorOutput.HeardThrough(link.Id, position));
    }
}
