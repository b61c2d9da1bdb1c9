namespace P2PGrpc.Node.Links;

/// <summary>How long to wait before dialling a peer again: doubling from a tenth of a second, at most a tenth of the peer's absence but not less
/// than a second, at most 30 seconds; jittered, so that many nodes don't dial in step. Where the peer is not absent but contested, the absence counts for
/// nothing. Not thread-safe.</summary>
internal sealed class RedialDelay(Random jitter)
{
    private TimeSpan next = LinkLimits.FirstRedial;

    private bool contested;

    public void Reset()
    {
        next = LinkLimits.FirstRedial;
        contested = false;
    }

    /// <summary>Another process takes the link away as often as it comes up: the waits grow to the longest, however short the peer was without a link.</summary>
    public void Contest() => contested = true;

    public TimeSpan Next(TimeSpan absence)
    {
        var longest = contested || absence / 10 > LinkLimits.LongestRedial ? LinkLimits.LongestRedial
            : absence / 10 < LinkLimits.ShortRedial ? LinkLimits.ShortRedial
            : absence / 10;
        var delay = next < longest ? next : longest;
        next = delay * 2;
        return delay * (0.5 + jitter.NextDouble() / 2);
    }
}
