namespace P2PGrpc.Cli.Commands;

/// <summary>The lines of a chat whose delivery is awaited. Safe for use by several tasks.</summary>
internal sealed class SentLines
{
    // While a peer is away lines pile up; of more than these the early ones are only counted.
    private const int MostTracked = 4096;

    private readonly Lock gate = new();
    private readonly LinkedList<SentLine> waiting = [];
    private int untracked;

    /// <summary>How many lines are not known to be delivered.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return waiting.Count + untracked;
        }
    }

    public void Add(SentLine line)
    {
        lock (gate)
        {
            waiting.AddLast(line);
            if (waiting.Count <= MostTracked)
                return;
            waiting.RemoveFirst();
            untracked++;
        }
    }

    /// <summary>The line to ask for next: the oldest while more are typed, the newest, which speaks for all before it, at the end.</summary>
    public SentLine? Find(bool newest)
    {
        lock (gate)
            return newest ? waiting.Last?.Value : waiting.First?.Value;
    }

    /// <summary>A line is delivered, and so is all that its log holds before it.</summary>
    /// <returns>The lines that this settles, in order.</returns>
    public List<SentLine> Settle(SentLine delivered)
    {
        var settled = new List<SentLine>();
        lock (gate)
        {
            for (var node = waiting.First; node is not null;)
            {
                var next = node.Next;
                if (node.Value.Log == delivered.Log && node.Value.Sequence <= delivered.Sequence)
                {
                    settled.Add(node.Value);
                    waiting.Remove(node);
                }
                node = next;
            }
            // Lines that are no longer tracked were sent before all others.
            if (settled.Count > 0)
                untracked = 0;
        }
        foreach (var line in settled)
            line.Delivered.TrySetResult();
        return settled;
    }
}
