namespace P2PGrpc.Node.Links;

/// <summary>Counts the small frames that wait on all links of a node together. Each link may let many pile up, and a member of a room can come over many links: together they
/// must not take what one may not. Thread-safe.</summary>
internal sealed class WaitingFrames
{
    private long count;

    /// <summary>Counts one more. False, and not counted, if the link has too many for itself, or all have and this one is no quiet one.</summary>
    /// <param name="ofLink">How many wait on this link.</param>
    public bool TryAdd(int ofLink)
    {
        if (ofLink >= LinkLimits.WaitingFrames || (ofLink >= LinkLimits.FewWaitingFrames && Interlocked.Read(ref count) >= LinkLimits.AllWaitingFrames))
            return false;
        Interlocked.Increment(ref count);
        return true;
    }

    /// <summary>So many wait no more.</summary>
    public void Remove(int frames) => Interlocked.Add(ref count, -frames);
}
