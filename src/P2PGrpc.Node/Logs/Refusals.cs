using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>How often the store took nothing, because the disk was full or an error halted it, and why the last time. Writer thread only.</summary>
internal sealed class Refusals
{
    public long Count { get; private set; }

    public StoreFailure Last { get; private set; }

    /// <summary>True once something was refused in the transaction that is open: what comes after it must be, too.</summary>
    public bool Pending { get; set; }

    public void Add(StoreFailure failure)
    {
        Count++;
        Last = failure;
    }
}
