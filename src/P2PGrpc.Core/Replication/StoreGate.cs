namespace P2PGrpc.Core.Replication;

/// <summary>Holds back new Wants for a moment after the store took nothing, because the disk was full or an error halted it. Whether it takes again
/// is found out by trying: nothing else tells a node that only receives. Its deadline is the end of that moment.</summary>
internal sealed class StoreGate(ReplicatorState state) : Timed
{
    private readonly List<LogState> deferred = [];

    /// <summary>How many logs wait for it.</summary>
    public int Waiting => deferred.Count;

    public bool Closed => DueAt is not null;

    public void Defer(LogState log)
    {
        if (log.Deferred)
            return;
        log.Deferred = true;
        deferred.Add(log);
    }

    public void Close()
    {
        if (DueAt is null)
            state.Deadlines.Set(this, state.Now + state.Limits.StoreRetry);
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
