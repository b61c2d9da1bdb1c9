namespace P2PGrpc.Core.Replication;

/// <summary>Counts the bytes of one author in one conversation, or of many together: how many are held, and how fast they come. Its deadline is the end of a pause.</summary>
/// <param name="limits">For the times.</param>
/// <param name="bytes">How many may be held; null for any number.</param>
/// <param name="rate">How many may come in a minute, over a while; null for any number.</param>
/// <param name="ofAuthor">True for one author's.</param>
internal sealed class ByteMeter(ReplicatorLimits limits, long? bytes, long? rate, bool ofAuthor) : Timed
{
    private readonly HashSet<LogState> waiting = [];
    private long? bytes = bytes;
    private long? rate = rate;

    // At the rate that is allowed, what came by now takes until this time.
    private TimeSpan paid = TimeSpan.MinValue;
    private (QuotaReason Reason, TimeSpan At)? announced;
    private long held;

    /// <summary>How many bytes are held.</summary>
    public long Held => held;

    /// <summary>How many logs wait for it.</summary>
    public int Waiting => waiting.Count;

    /// <summary>Nothing more is asked for until what is held is less.</summary>
    public bool Full { get; private set; }

    /// <summary>True if nothing more is asked for at the moment.</summary>
    public bool Blocks => Full || DueAt is not null;

    public QuotaReason Reason => (Full, ofAuthor) switch
    {
        (true, true) => QuotaReason.AuthorBytes,
        (true, false) => QuotaReason.AllBytes,
        (false, true) => QuotaReason.AuthorRate,
        _ => QuotaReason.AllRate,
    };

    /// <summary>So much was held before this process started.</summary>
    public void Load(long weight)
    {
        held += weight;
        Full |= held >= bytes;
    }

    /// <summary>The owner has set other bounds: what came beyond the old rate is paid off at the new one.</summary>
    public void SetBounds(TimeSpan now, long? mostBytes, long? mostRate)
    {
        if (mostRate is not { } after)
            paid = TimeSpan.MinValue;
        else if (rate is { } before && paid > now)
            paid = now + TimeSpan.FromTicks((long)((Int128)(paid - now).Ticks * before / Math.Max(1, after)));
        (bytes, rate) = (mostBytes, mostRate);
        Full = held >= bytes;
    }

    /// <summary>Whether so much more may be held. If not, it is full from now on.</summary>
    public bool TryFit(int weight)
    {
        Full |= held + weight > bytes;
        return !Full;
    }

    /// <summary>What was under way when a pause began is taken all the same, up to as much again as may come at once.</summary>
    public bool IsOverdrawn(TimeSpan now) => paid > now + limits.QuotaBurst * 2;

    /// <summary>So much goes to the store. True if a pause is due.</summary>
    public bool Charge(TimeSpan now, int weight)
    {
        held += weight;
        if (rate is not { } perMinute)
            return false;
        paid = Later(paid, now) + TimeSpan.FromTicks((long)((Int128)weight * TimeSpan.TicksPerMinute / Math.Max(1, perMinute)));
        return paid > now + limits.QuotaBurst;
    }

    /// <summary>So much did not get to the disk after all.</summary>
    public void Refund(int weight)
    {
        held -= weight;
        if (rate is { } perMinute && paid > TimeSpan.MinValue)
            paid -= TimeSpan.FromTicks((long)((Int128)weight * TimeSpan.TicksPerMinute / Math.Max(1, perMinute)));
    }

    /// <summary>So much is held no more. True if it is full no longer: a little below the bound, so that each small erasure does not bring a segment that does not fit.</summary>
    public bool Erase(long weight)
    {
        held = Math.Max(0, held - weight);
        if (!Full || held > bytes - bytes / 16)
            return false;
        Full = false;
        return true;
    }

    /// <summary>When a pause ends.</summary>
    public TimeSpan PauseEnd => paid - limits.QuotaBurst + limits.QuotaPause;

    /// <summary>The log is asked for when it blocks no longer.</summary>
    public void Wait(LogState log)
    {
        if (log.WaitsFor == this)
            return;
        log.WaitsFor?.Leave(log);
        log.WaitsFor = this;
        waiting.Add(log);
    }

    public void Leave(LogState log)
    {
        log.WaitsFor = null;
        waiting.Remove(log);
    }

    /// <summary>What waited, in the order in which it came.</summary>
    public IReadOnlyList<LogState> TakeWaiting()
    {
        LogState[] taken = [.. waiting];
        waiting.Clear();
        foreach (var log in taken)
            log.WaitsFor = null;
        return taken;
    }

    /// <summary>True if the owner is to hear of it: not more than once in a while.</summary>
    public bool TryAnnounce(TimeSpan now)
    {
        if (announced is { } last && last.Reason == Reason && last.At + limits.QuotaSilence > now)
            return false;
        announced = (Reason, now);
        return true;
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
