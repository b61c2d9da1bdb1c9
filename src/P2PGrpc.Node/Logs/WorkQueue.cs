namespace P2PGrpc.Node.Logs;

/// <summary>What waits for the writer. Any thread adds, one takes. That one sleeps while there is nothing: a wait that spins first would take the core away from
/// those who have work to give. Thread-safe.</summary>
internal sealed class WorkQueue
{
    private readonly object gate = new();
    private readonly Queue<StoreWork> waiting = new();
    private bool closed;

    /// <summary>False once the queue is closed.</summary>
    public bool TryAdd(StoreWork work)
    {
        lock (gate)
        {
            if (closed)
                return false;
            waiting.Enqueue(work);
            if (waiting.Count == 1)
                Monitor.Pulse(gate);
            return true;
        }
    }

    /// <summary>Waits for work and takes what has gathered, in order, until it weighs enough. False once the queue is closed and empty.</summary>
    /// <param name="taken">What is taken is added here.</param>
    /// <param name="weight">Where this much has been taken, no more is.</param>
    public bool TakeAll(List<StoreWork> taken, long weight)
    {
        lock (gate)
        {
            while (waiting.Count == 0)
            {
                if (closed)
                    return false;
                Monitor.Wait(gate);
            }

            for (; weight > 0 && waiting.TryDequeue(out var work); weight -= work.Weight)
                taken.Add(work);
            return true;
        }
    }

    /// <summary>Takes no more work; what waits can still be taken.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.Pulse(gate);
        }
    }
}
