using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Links;

/// <summary>What this node's own parts report to the replicator, waiting for its loop. Adding never blocks. It can't grow without bound: stored
/// and loaded inputs answer what the replicator asked for, and of several appends to one log only the newest is kept. Thread-safe.</summary>
internal sealed class LocalInputs
{
    private readonly Lock gate = new();
    private readonly Queue<ReplicatorInput> waiting = new();
    private readonly Dictionary<LogId, ReplicatorInput.Appended> appends = [];

    public void Add(ReplicatorInput input)
    {
        lock (gate)
        {
            if (input is not ReplicatorInput.Appended appended)
            {
                waiting.Enqueue(input);
                return;
            }

            if (!appends.ContainsKey(appended.LogId))
                waiting.Enqueue(appended);
            appends[appended.LogId] = appended;
        }
    }

    public bool TryTake(out ReplicatorInput input)
    {
        lock (gate)
        {
            if (!waiting.TryDequeue(out input!))
                return false;
            if (input is ReplicatorInput.Appended first && appends.Remove(first.LogId, out var newest))
                input = newest;
            return true;
        }
    }
}
