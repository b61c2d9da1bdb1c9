namespace P2PGrpc.Core.Replication;

/// <summary>Shares the node's byte budget among its links. A link gets a first window with the first Want on it; a busy one grows while
/// half of the budget is free, and gives back what it grew by when others wait.</summary>
internal sealed class CreditBudget(ReplicatorState state)
{
    /// <summary>A window is given again in eighths: few Credit frames, and the sender always has most of it.</summary>
    private const int Parts = 8;

    private readonly Queue<LinkState> waiting = [];
    private readonly List<LinkState> due = [];
    private long used;

    private ReplicatorLimits Limits => state.Limits;

    private long Free => Limits.CreditBudget - used;

    private long FirstWindow => Math.Min(Limits.FirstCredit, Limits.LinkCredit);

    /// <summary>The least that lets a sender send anything at all.</summary>
    private long LeastWindow => Math.Min(FirstWindow, ReplicatorLimits.LargestWeight);

    /// <summary>Gives a link its first window, at once or as soon as there is room.</summary>
    public void Open(LinkState link)
    {
        if (link.Window > 0 || link.AwaitsCredit || link.Closing)
            return;
        link.AwaitsCredit = true;
        waiting.Enqueue(link);
        ServeWaiting();
    }

    /// <summary>Takes a segment's weight out of what was given. False if more came than was given.</summary>
    public static bool TryTake(LinkState link, int weight)
    {
        if (weight > link.Allowance)
            return false;
        link.Allowance -= weight;
        return true;
    }

    /// <summary>The segment went to the store.</summary>
    public static void Hold(LinkState link, int weight) => link.Busy += weight;

    /// <summary>The store is done with a segment.</summary>
    public void Finish(LinkState link, int weight)
    {
        link.Busy -= weight;
        if (link.Down)
        {
            Charge(-weight);
            ServeWaiting();
            return;
        }

        Return(link, weight);
    }

    /// <summary>The segment was of no use, or is done with.</summary>
    public void Return(LinkState link, int weight)
    {
        link.Owed += weight;
        var starved = link.Busy == 0 && link.Allowance < Math.Min(link.Window, ReplicatorLimits.LargestWeight);
        if (link.CreditDue || (!starved && link.Owed < link.Window / Parts))
            return;
        link.CreditDue = true;
        due.Add(link);
    }

    /// <summary>The link is gone: what it held is free, but for what the store still has.</summary>
    public void Close(LinkState link)
    {
        link.AwaitsCredit = false;
        Charge(link.Busy - link.Window);
        ServeWaiting();
    }

    /// <summary>Gives again what became due in this step.</summary>
    public void Flush()
    {
        foreach (var link in due)
        {
            link.CreditDue = false;
            if (!link.Down)
                Give(link);
        }

        due.Clear();
    }

    private void Give(LinkState link)
    {
        if (waiting.Count > 0)
        {
            var kept = Math.Clamp(link.Window - FirstWindow, 0, link.Owed);
            link.Window -= kept;
            link.Owed -= kept;
            Charge(-kept);
            ServeWaiting();
        }
        else
        {
            var room = Math.Min(Limits.LinkCredit - link.Window, Free - Limits.CreditBudget / 2);
            var more = Math.Clamp(room, 0, link.Owed);
            Charge(more);
            link.Window += more;
            link.Owed += more;
        }

        Send(link, link.Owed);
        link.Owed = 0;
    }

    private void ServeWaiting()
    {
        while (waiting.TryPeek(out var link))
        {
            if (link.AwaitsCredit && !link.Closing)
            {
                if (Free < LeastWindow)
                    return;
                link.AwaitsCredit = false;
                link.Window = Math.Min(FirstWindow, Free);
                Charge(link.Window);
                Send(link, link.Window);
            }

            waiting.Dequeue();
        }
    }

    private void Send(LinkState link, long bytes)
    {
        if (bytes <= 0)
            return;
        link.Allowance += bytes;
        state.Emit(new ReplicatorOutput.SendCredit(link.Id, bytes));
    }

    private void Charge(long bytes)
    {
        used += bytes;
        InvariantException.Check(used >= 0 && used <= Limits.CreditBudget, "The credit given stays within the budget.");
    }
}
