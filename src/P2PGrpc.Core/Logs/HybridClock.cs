namespace P2PGrpc.Core.Logs;

/// <summary>A hybrid logical clock (Kulkarni et al., 2014): milliseconds since 1970 in the upper 48 bits, a counter in the lower 16.
/// For display and the order of history only; no decision rests on it. Not thread-safe.</summary>
internal sealed class HybridClock
{
    private const int CounterBits = 16;

    /// <summary>A stamp further ahead of the local clock than this is never adopted, so that one peer's wrong clock can't drag everyone's along.</summary>
    public static readonly TimeSpan MaximumAhead = TimeSpan.FromMinutes(5);

    private ulong last;

    /// <summary>The stamp for the first of so many new entries: above all before it, and close to the local time. The others' follow it one by one.</summary>
    public ulong Next(DateTimeOffset now, int count = 1)
    {
        var physical = ToStamp(now);
        var first = physical > last ? physical : last + 1;
        last = first + (ulong)count - 1;
        return first;
    }

    /// <summary>Takes note of a stamp that arrived, so that an answer sorts after what it answers.</summary>
    public void Observe(ulong stamp, DateTimeOffset now)
    {
        if (stamp > last && stamp <= ToStamp(now + MaximumAhead))
            last = stamp;
    }

    /// <summary>The time in a stamp, to the millisecond; the largest time there is for stamps beyond it.</summary>
    public static DateTimeOffset ToTime(ulong stamp)
    {
        var milliseconds = (long)(stamp >> CounterBits);
        return milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : DateTimeOffset.MaxValue;
    }

    /// <summary>The lowest stamp of a time, for what needs no place in an order.</summary>
    public static ulong ToStamp(DateTimeOffset time) => (ulong)Math.Max(0, time.ToUnixTimeMilliseconds()) << CounterBits;
}
