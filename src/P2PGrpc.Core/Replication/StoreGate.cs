namespace P2PGrpc.Core.Replication;

/// <summary>Holds back new Wants while the store takes nothing: for a moment after the disk was full, and until something is on disk
/// again after it halted. Its deadline is the end of that moment.</summary>
internal sealed class StoreGate(ReplicatorState state) : Timed
{
    private readonly List<LogState> deferred = [];
    private bool halted;

    public bool Closed => halted || DueAt is not null;

    public void Defer(LogState log)
    {
        if (log.Deferred)
            return;
        log.Deferred = true;
        deferred.Add(log);
    }

    public void OnFull()
    {
        if (DueAt is null)
            state.Deadlines.Set(this, state.Now + state.Limits.FullRetry);
    }

    public void OnHalted() => halted = true;

    /// <summary>Something is on disk. True if that ends a halt: see to what <see cref="TakeDeferred"/> gives.</summary>
    public bool TryEndHalt()
    {
        var ended = halted && DueAt is null;
        halted = false;
        return ended;
    }

    /// <summary>What waited, in the order in which it came.</summary>
    public List<LogState> TakeDeferred()
    {
        List<LogState> taken = [.. deferred];
        deferred.Clear();
        foreach (var log in taken)
            log.Deferred = false;
        return taken;
    }
}
