namespace P2PGrpc.Simulation;

/// <summary>Virtual time: what is to happen, in order of time, and at the same time in order of planning.</summary>
internal sealed class Schedule
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> queue = new();
    private long order;
    private ulong trace = 14695981039346656037;

    public TimeSpan Now { get; private set; }

    /// <summary>A hash over everything noted so far: equal for equal runs.</summary>
    public ulong Trace => trace;

    public void At(TimeSpan time, Action action) => queue.Enqueue(action, (time > Now ? time : Now, order++));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>Runs everything through a time.</summary>
    public void RunThrough(TimeSpan time)
    {
        while (queue.TryPeek(out _, out var next) && next.At <= time)
        {
            Now = next.At;
            queue.Dequeue()();
        }

        Now = time;
    }

    public void Note(int node, int kind, ulong value)
    {
        Mix((ulong)Now.Ticks);
        Mix(((ulong)node << 32) | (uint)kind);
        Mix(value);
    }

    private void Mix(ulong value) => trace = (trace ^ value) * 1099511628211 + (value >> 7);
}
