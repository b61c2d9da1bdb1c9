using Grpc.Core;

namespace P2PGrpc.Node.Conversations;

/// <summary>Whether this node takes new messages, and how many it is just taking. While it is drained it takes none, and hands over those it has. Thread-safe.</summary>
internal sealed class DrainGate
{
    /// <summary>Why a message is not taken then.</summary>
    public const string Reason = "DRAINING";

    private volatile bool isClosed;
    private int underWay;

    /// <summary>True while it is drained.</summary>
    public bool IsClosed
    {
        get => isClosed;
        set
        {
            isClosed = value;
            // Who enters counts itself before it looks, and who closes looks at the count after this: one of the two sees the other.
            Interlocked.MemoryBarrier();
        }
    }

    /// <summary>Calls that were let in and have not left yet: after the gate was closed, those that may still bring a message.</summary>
    public int UnderWay => Volatile.Read(ref underWay);

    /// <summary>Lets a call in that brings messages; to be disposed when they are stored or given up.</summary>
    /// <exception cref="NodeRequestException">DRAINING.</exception>
    public Passage Enter()
    {
        Interlocked.Increment(ref underWay);
        if (!isClosed)
            return new Passage(this);
        Interlocked.Decrement(ref underWay);
        throw new NodeRequestException(
            StatusCode.Unavailable, Reason,
            "This node is about to be stopped: it takes no new messages, and hands over those that it has. Send by another node, or later; to have it take messages again: p2pgrpc drain --off")
        {
            RetryAfter = TimeSpan.FromSeconds(5),
        };
    }

    /// <summary>One call's time in the gate. To be disposed once.</summary>
    public readonly struct Passage(DrainGate gate) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref gate.underWay);
    }
}
