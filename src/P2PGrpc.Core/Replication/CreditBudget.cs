namespace P2PGrpc.Core.Replication;

/// <summary>Shares the node's byte budget among its links. A link gets a first window with the first Want on it; a busy one grows while half of the budget is free, and
/// gives back what it is done with when others wait. A window that lay unused for a while is taken back for those who wait: its sender does not know, and may use it
/// all the same. What comes then is charged as it comes, or dropped and wanted again where there is no room for it. So what this node holds stays within the budget,
/// and whoever waits gets its turn, however many links there are. Its deadline is when the next window may be taken back.</summary>
internal sealed class CreditBudget(ReplicatorState state) : Timed
{
    /// <summary>A window is given again in eighths: few Credit frames, and the sender always has most of it.</summary>
    private const int Parts = 8;

    /// <summary>This part of what there is goes into no window: what is sent by credit that was taken back has room there.</summary>
    private const int SparedPart = 8;

    private readonly CreditShare known = new();
    private readonly CreditShare guests = new();
    private readonly List<LinkState> due = [];
    private long order;

    private ReplicatorLimits Limits => state.Limits;

    private long Budget => Limits.CreditBudget;

    private long Used => known.Used + guests.Used;

    /// <summary>Guests together have at most half.</summary>
    private long GuestBudget => Math.Max(Budget / 2, LeastWindow);

    private long FirstWindow => Math.Min(Limits.FirstCredit, Limits.LinkCredit);

    /// <summary>The least that lets a sender send anything at all.</summary>
    private long LeastWindow => Math.Min(FirstWindow, Limits.LeastCredit);

    /// <summary>Gives a link its first window, at once or as soon as there is room.</summary>
    public void Open(LinkState link)
    {
        if (link.Window == 0 && link.Dormant < LeastWindow)
            Await(link);
    }

    /// <summary>Takes a segment's weight out of what was given, and first of what is in force.</summary>
    public CreditVerdict Take(LinkState link, int weight)
    {
        if (weight > link.Allowance + link.Dormant)
            return CreditVerdict.Overrun;
        var inForce = Math.Min(weight, link.Allowance);
        var dormant = weight - inForce;
        link.Allowance -= inForce;
        link.Dormant -= dormant;
        if (dormant == 0)
            return CreditVerdict.Taken;
        if (FreeFor(link) < dormant)
            TakeBackFor(link, () => FreeFor(link) >= dormant);
        if (FreeFor(link) < dormant)
        {
            Return(link, inForce);
            Open(link);
            return CreditVerdict.NoRoom;
        }

        link.Window += dormant;
        Charge(link, dormant);
        return CreditVerdict.Taken;
    }

    /// <summary>The segment went to the store.</summary>
    public static void Hold(LinkState link, int weight) => link.Busy += weight;

    /// <summary>The store is done with a segment.</summary>
    public void Finish(LinkState link, int weight)
    {
        link.Busy -= weight;
        if (link.Down)
        {
            Charge(link, -weight);
            ServeWaiting();
            return;
        }

        Return(link, weight);
    }

    /// <summary>The segment was of no use, or is done with.</summary>
    public void Return(LinkState link, long weight)
    {
        link.Owed += weight;
        if (link.CreditDue || (!IsStarved(link) && IsHolder(link) && link.Owed < (link.Window + link.Dormant) / Parts))
            return;
        link.CreditDue = true;
        due.Add(link);
    }

    /// <summary>True if the link's sender has used up what it was given, and what it sent is with the store: it may stand still for that alone.</summary>
    public bool IsUsedUp(LinkState link) => link.Busy > 0 && link.Allowance + link.Dormant < LeastWindow;

    /// <summary>The link is gone: what it held is free, but for what the store still has.</summary>
    public void Close(LinkState link)
    {
        link.AwaitsCredit = false;
        link.Dormant = 0;
        Forget(link);
        Charge(link, link.Busy - link.Window);
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

    /// <summary>Somebody waits, and a window's turn is over.</summary>
    public void OnDue() => ServeWaiting();

    private void Give(LinkState link)
    {
        if (OthersWaitFor(link))
        {
            Keep(link, link.Owed);
            ServeWaiting();
        }
        else
        {
            // While it waited it may have sent by credit that was taken back.
            var room = Limits.LinkCredit - link.Window - link.Dormant;
            Keep(link, Math.Clamp(-room, 0, link.Owed));
            var more = Math.Clamp(Math.Min(room, SpareFor(link)), 0, link.Owed);
            Charge(link, more);
            link.Window += more;
            var owed = link.Owed + more;
            link.Owed = 0;
            PutInForce(link, owed, more);
        }

        if (link.Busy == 0 && link.Allowance + link.Dormant < LeastWindow)
            Await(link);
    }

    /// <summary>What the link is done with is not given to it again.</summary>
    private void Keep(LinkState link, long bytes)
    {
        Charge(link, -bytes);
        link.Window -= bytes;
        link.Owed -= bytes;
    }

    private bool IsStarved(LinkState link) =>
        link.Busy == 0 && link.Allowance + link.Dormant < Math.Min(link.Window + link.Dormant, LeastWindow);

    /// <summary>True if what this link gives back helps somebody: where only guests wait, and for their own half, a known peer's does not.</summary>
    private bool OthersWaitFor(LinkState link) =>
        known.FirstWaiting is not null || (guests.FirstWaiting is not null && (link.IsGuest || !GuestsLackRoom()));

    private void Await(LinkState link)
    {
        if (link.AwaitsCredit || link.Closing)
            return;
        link.AwaitsCredit = true;
        link.WaitsSince = ++order;
        // What it can't use would be lacking elsewhere while all wait.
        TakeBack(link);
        ShareOf(link).Waiting.Enqueue(link);
        ServeWaiting();
    }

    /// <summary>Serves those who wait, the longest waiting first. A guest that has to wait for another guest's window keeps nobody else waiting.</summary>
    private void ServeWaiting()
    {
        var guestsWait = false;
        while (FindNext(guestsWait) is { } link)
        {
            if (TryServe(link))
                ShareOf(link).Waiting.Dequeue();
            else if (link.IsGuest && GuestsLackRoom())
                guestsWait = true;
            else
                break;
        }

        if (known.FirstWaiting is not null || guests.FirstWaiting is not null)
            WatchTurns();
    }

    private LinkState? FindNext(bool guestsWait)
    {
        var (peer, guest) = (known.FirstWaiting, guestsWait ? null : guests.FirstWaiting);
        return peer is null || guest?.WaitsSince < peer.WaitsSince ? guest : peer;
    }

    private bool TryServe(LinkState link)
    {
        if (RoomFor(link) < LeastWindow)
            TakeBackFor(link, () => RoomFor(link) >= LeastWindow);
        var room = RoomFor(link);
        if (room < LeastWindow)
            return false;
        link.AwaitsCredit = false;

        // Where many wait, each gets what will do.
        var window = Math.Clamp(room / (known.Waiting.Count + guests.Waiting.Count), LeastWindow, FirstWindow);
        window = Math.Min(window, room);
        link.Window += window;
        Charge(link, window);
        PutInForce(link, window, window);
        return true;
    }

    /// <summary>Gives a sender bytes, of which it may have some already that were taken back.</summary>
    /// <param name="link">The link.</param>
    /// <param name="bytes">So many come in force.</param>
    /// <param name="more">So many of them it was not given before, or not any more.</param>
    private void PutInForce(LinkState link, long bytes, long more)
    {
        var known = Math.Min(link.Dormant, more);
        link.Dormant -= known;
        link.Allowance += bytes;
        link.GivenAt = state.Now;
        Forget(link);
        ShareOf(link).Holders.AddLast(link.Holder);
        if (bytes > known)
            state.Emit(new ReplicatorOutput.SendCredit(link.Id, bytes - known));
    }

    /// <summary>Takes back windows whose turn is over, the oldest first, until there is enough.</summary>
    private void TakeBackFor(LinkState link, Func<bool> isEnough)
    {
        while (!isEnough())
        {
            // Where a guest lacks room in the guests' half, only another guest can make some.
            var ofGuests = IsOver(guests) ? guests.Holders.First : null;
            var ofKnown = IsOver(known) && !(link.IsGuest && GuestsLackRoom()) ? known.Holders.First : null;
            var oldest = ofKnown is null || ofGuests?.Value.GivenAt < ofKnown.Value.GivenAt ? ofGuests : ofKnown;
            if (oldest is null)
                return;
            TakeBack(oldest.Value);
        }
    }

    private bool GuestsLackRoom() => Spared(GuestBudget) - guests.Used < LeastWindow;

    private bool IsOver(CreditShare share) => share.Holders.First is { } first && first.Value.GivenAt + Limits.CreditTurn <= state.Now;

    private void TakeBack(LinkState link)
    {
        Forget(link);
        var unused = link.Allowance + link.Owed;
        Charge(link, -unused);
        link.Window -= unused;
        link.Dormant += link.Allowance;
        link.Allowance = link.Owed = 0;
    }

    private void WatchTurns()
    {
        TimeSpan? next = null;
        foreach (var share in new[] { known, guests })
        {
            if (share.Holders.First is { } first && first.Value.GivenAt + Limits.CreditTurn is var end && end > state.Now && (next is null || end < next))
                next = end;
        }

        if (next is not null)
            state.Deadlines.Set(this, next);
    }

    private static bool IsHolder(LinkState link) => link.Holder.List is not null;

    private static void Forget(LinkState link) => link.Holder.List?.Remove(link.Holder);

    private CreditShare ShareOf(LinkState link) => link.IsGuest ? guests : known;

    private long FreeFor(LinkState link) => Least(link, Budget - Used, GuestBudget - guests.Used);

    /// <summary>What may go into a window of the link.</summary>
    private long RoomFor(LinkState link) => Least(link, Spared(Budget) - Used, Spared(GuestBudget) - guests.Used);

    /// <summary>What a link may grow by.</summary>
    private long SpareFor(LinkState link) => Least(link, Budget - Budget / 2 - Used, GuestBudget - GuestBudget / 2 - guests.Used);

    private static long Least(LinkState link, long ofAll, long ofGuests) => link.IsGuest ? Math.Min(ofAll, ofGuests) : ofAll;

    private long Spared(long budget) => budget - Math.Clamp(budget - LeastWindow, 0, budget / SparedPart);

    private void Charge(LinkState link, long bytes)
    {
        ShareOf(link).Used += bytes;
        InvariantException.Check(
            known.Used >= 0 && guests.Used >= 0 && Used <= Budget && guests.Used <= GuestBudget, "The credit in force stays within the budget.");
    }
}
