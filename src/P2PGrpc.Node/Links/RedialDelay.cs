namespace P2PGrpc.Node.Links;

/// <summary>How long to wait before dialling a peer again: doubling from a tenth of a second, at most a tenth of the peer's absence but not less
/// than a second, at most 30 seconds; jittered, so that many nodes don't dial in step. Not thread-safe.</summary>
internal sealed class RedialDelay(Random jitter)
{
    private TimeSpan next = LinkLimits.FirstRedial;

    public void Reset() => next = LinkLimits.FirstRedial;

    public TimeSpan Next(TimeSpan absence)
    {
        var longest = absence / 10 < LinkLimits.ShortRedial ? LinkLimits.ShortRedial
            : absence / 10 > LinkLimits.LongestRedial ? LinkLimits.LongestRedial
            : absence / 10;
        var delay = next < longest ? next : longest;
        next = delay * 2;
        return delay * (0.5 + jitter.NextDouble() / 2);
    }
}
