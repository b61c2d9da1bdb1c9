using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>One connection between two nodes. Each direction keeps its order, as a TCP stream does; nothing passes once it broke.</summary>
internal sealed class VirtualLink(Schedule schedule, Random random, TimeSpan latestLatency, LinkId id, VirtualNode one, VirtualNode other)
{
    private readonly TimeSpan[] lastArrival = new TimeSpan[2];

    public LinkId Id { get; } = id;

    public bool Broken { get; private set; }

    /// <summary>Segments that were under way when the connection broke.</summary>
    public int LostSegments { get; private set; }

    public VirtualNode Peer(VirtualNode node) => node == one ? other : one;

    /// <summary>Each side learns of the link at a time of its own, with what the other said in its Hello.</summary>
    public void Open()
    {
        var (toOther, toOne) = (one.HeardOf(other), other.HeardOf(one));
        Deliver(one, 1, () => other.LinkUp(this, one, toOther));
        Deliver(other, 1, () => one.LinkUp(this, other, toOne));
    }

    /// <param name="sender">Who sends.</param>
    /// <param name="segments">How many segments the frame carries.</param>
    /// <param name="arrive">What the receiver does with the frame.</param>
    public void Send(VirtualNode sender, int segments, Action arrive) => Deliver(sender, 1, arrive, segments);

    /// <summary>Cuts the connection. Each side notices at a time of its own; the one named notices at once.</summary>
    public void Break(VirtualNode? noticedBy = null)
    {
        if (Broken)
            return;
        Broken = true;
        foreach (var node in new[] { one, other })
        {
            var incarnation = node.Incarnation;
            var delay = node == noticedBy ? TimeSpan.Zero : TimeSpan.FromMilliseconds(random.Next(0, 1500));
            schedule.After(delay, () => node.LinkDown(this, incarnation));
        }
    }

    private void Deliver(VirtualNode sender, int least, Action arrive, int segments = 0)
    {
        var side = sender == one ? 0 : 1;
        var arrival = schedule.Now + TimeSpan.FromTicks(random.NextInt64(least, latestLatency.Ticks + 1));
        lastArrival[side] = arrival > lastArrival[side] ? arrival : lastArrival[side];
        schedule.At(lastArrival[side], () =>
        {
            if (Broken)
                LostSegments += segments;
            else
                arrive();
        });
    }
}
