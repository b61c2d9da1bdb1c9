namespace P2PGrpc.Core.Replication;

/// <summary>One author's logs in one conversation, as one link is sent them: one after the other, in the order in which they came here. An author
/// begins a new log at each start, so what was written before a restart arrives before what was written after it.</summary>
internal sealed class AuthorLane
{
    private readonly PriorityQueue<LinkedLog, ulong> waiting = new();

    /// <summary>The log that is sent now; it may be done.</summary>
    public LinkedLog? Current { get; set; }

    public void Wait(LinkedLog linkedLog)
    {
        linkedLog.InLane = true;
        waiting.Enqueue(linkedLog, linkedLog.Log.Position);
    }

    public bool TryNext(out LinkedLog linkedLog)
    {
        if (!waiting.TryDequeue(out linkedLog!, out _))
            return false;
        linkedLog.InLane = false;
        return true;
    }
}
