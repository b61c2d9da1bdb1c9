using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>One connection between two nodes. Each direction keeps its order and loses nothing while the connection stands, as a TCP stream does; nothing passes
/// once it broke.</summary>
internal sealed class VirtualLink(Schedule schedule, Random random, TimeSpan latestLatency, LinkId id, VirtualNode one, VirtualNode other)
{
    private readonly TimeSpan[] lastArrival = new TimeSpan[2];
    private readonly bool[] mute = new bool[2];

    public LinkId Id { get; } = id;

    public bool Broken { get; private set; }

    public VirtualNode Peer(VirtualNode node) => node == one ? other : one;

    /// <summary>Each side learns of the link at a time of its own, with what the other said in its Hello.</summary>
    public void Open()
    {
        var (ofOne, ofOther) = (one.Joined, other.Joined);
        var (toOther, toOne) = (one.HeardOf(other, ofOne && ofOther), other.HeardOf(one, ofOne && ofOther));
        Send(one, () => other.LinkUp(this, one, toOther, ofOther, ofOne));
        Send(other, () => one.LinkUp(this, other, toOne, ofOne, ofOther));
    }

    /// <param name="sender">Who sends.</param>
    /// <param name="arrive">What the receiver does with the frame.</param>
    public void Send(VirtualNode sender, Action arrive)
    {
        var side = Side(sender);
        if (mute[side])
            return;
        var arrival = schedule.Now + TimeSpan.FromTicks(random.NextInt64(1, latestLatency.Ticks + 1));
        lastArrival[side] = arrival > lastArrival[side] ? arrival : lastArrival[side];
        schedule.At(lastArrival[side], () =>
        {
            if (!Broken && !mute[side])
                arrive();
        });
    }

    /// <summary>Nothing more of one direction arrives for a while; then all of it.</summary>
    public void Stall(VirtualNode sender, TimeSpan time)
    {
        var side = Side(sender);
        var until = schedule.Now + time;
        lastArrival[side] = until > lastArrival[side] ? until : lastArrival[side];
    }

    /// <summary>Nothing of one direction arrives any more. The sides find out by their keep-alive.</summary>
    public void Mute(VirtualNode sender, TimeSpan keepAlive)
    {
        mute[Side(sender)] = true;
        schedule.After(keepAlive, () => Break());
    }

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

    private int Side(VirtualNode sender) => sender == one ? 0 : 1;
}
