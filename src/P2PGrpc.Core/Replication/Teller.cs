namespace P2PGrpc.Core.Replication;

/// <summary>Tells links how far logs are on disk here: at once where somebody waits for it, otherwise gathered for a moment.
/// What a link's Want already brings in segments is not told.</summary>
internal sealed class Teller(ReplicatorState state)
{
    private readonly List<LinkState> due = [];

    /// <summary>A log that the link does not want by a Want moved on: tell soon, and at once if nothing was told there for a while, or nothing of this log ever. So a
    /// busy room costs one small frame a link and moment, however many write.</summary>
    public void TellSoon(LinkedLog linkedLog)
    {
        Add(linkedLog);
        var link = linkedLog.Link;
        if (!linkedLog.EverTold || link.LastTold is not { } last || last + state.Limits.TellDelay <= state.Now)
            TellNow(link);
        else if (link.DueAt is null)
            state.Deadlines.Set(link, last + state.Limits.TellDelay);
    }

    /// <summary>The link gets no more of a log by a Want: it is told at once how far the log goes, before a later log of the same author follows.</summary>
    public void TellAtOnce(LinkedLog linkedLog)
    {
        Add(linkedLog);
        TellNow(linkedLog.Link);
    }

    /// <summary>The link brought a segment that is on disk now, or one that was there before: acknowledge at the end of this step.</summary>
    public void Acknowledge(LinkedLog linkedLog)
    {
        linkedLog.TellAgain = true;
        Add(linkedLog);
        TellNow(linkedLog.Link);
    }

    /// <summary>Tells a link what of a conversation it was not told before it came up. The heads must be loaded.</summary>
    public void TellAll(LinkState link, ConversationState conversation)
    {
        // In the order in which they came here, so that they are wanted and sent in that order too.
        foreach (var log in conversation.Logs.Values.OrderBy(log => log.Position))
        {
            if (link.KnewAtStart(log))
            {
                if (link.Logs.TryGetValue(log.Id, out var known))
                    MarkTold(known, log.Durable.Sequence);
                continue;
            }

            var linkedLog = ReplicatorState.GetLinkedLog(link, log);
            if (linkedLog.Told < log.Durable.Sequence && linkedLog.Want == WantKind.None)
                Add(linkedLog);
        }

        if (link.ToTell.Count > 0)
            TellNow(link);
    }

    /// <summary>The other side knows that we hold this much.</summary>
    public static void MarkTold(LinkedLog linkedLog, ulong sequence)
    {
        linkedLog.Told = Math.Max(linkedLog.Told, sequence);
        ReplicatorState.CountUntold(linkedLog);
    }

    /// <summary>The link's lazy tells are due.</summary>
    public void OnDue(LinkState link) => TellNow(link);

    /// <summary>Sends what is to be told at the end of this step.</summary>
    public void Flush()
    {
        foreach (var link in due)
        {
            link.TellNow = false;
            if (!link.Down)
                Send(link);
        }

        due.Clear();
    }

    private static void Add(LinkedLog linkedLog)
    {
        if (linkedLog.InTell)
            return;
        linkedLog.InTell = true;
        linkedLog.Link.ToTell.Add(linkedLog);
    }

    private void TellNow(LinkState link)
    {
        if (link.TellNow)
            return;
        link.TellNow = true;
        due.Add(link);
    }

    private void Send(LinkState link)
    {
        state.Deadlines.Set(link, null);
        var items = new List<LogHead>(Math.Min(link.ToTell.Count, state.Limits.HaveItems));
        foreach (var linkedLog in link.ToTell)
        {
            linkedLog.InTell = false;
            var log = linkedLog.Log;
            if (linkedLog.Removed || (linkedLog.Told >= log.Durable.Sequence && !linkedLog.TellAgain))
                continue;
            if (items.Count == state.Limits.HaveItems)
            {
                state.Emit(new ReplicatorOutput.SendHave(link.Id, items, null));
                items = new List<LogHead>(state.Limits.HaveItems);
            }

            linkedLog.TellAgain = false;
            linkedLog.EverTold = true;
            items.Add(new LogHead(log.Key, log.Id, log.Durable));
            MarkTold(linkedLog, log.Durable.Sequence);
        }

        link.ToTell.Clear();
        if (items.Count == 0)
            return;
        link.LastTold = state.Now;
        state.Emit(new ReplicatorOutput.SendHave(link.Id, items, TakeThrough(link)));
    }

    /// <summary>The position through which the link has now been told everything, if that is further than before. There is none while a
    /// wanted log is still on its way: were it lost with the link, nobody would tell of it again.</summary>
    private ulong? TakeThrough(LinkState link)
    {
        if (link.Untold > 0 || state.Position <= link.Through || !link.AllLoaded)
            return null;
        link.Through = state.Position;
        return link.Through;
    }
}
