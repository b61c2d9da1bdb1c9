using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Overlay;

/// <summary>Decides which neighbour is told of which members. What is new goes to all of them once; a new neighbour and, now and then, a random one is told some of
/// all that is known. Not thread-safe.</summary>
internal sealed class MemberTeller(PeerId self, OverlayLimits limits, SeededDraw draw)
{
    private TimeSpan nextShuffle = draw.Around(limits.Shuffle);
    private TimeSpan nextCount;
    private int toldCount;

    /// <summary>What a new neighbour is told first: this node's record, what is known of the neighbour itself, so that it sees whether it has forgotten having said so,
    /// and some of the others.</summary>
    public OverlayOutput.Tell Greet(MemberState neighbour, IEnumerable<MemberState> members)
    {
        neighbour.Untold.Clear();
        return TellSample(neighbour, members);
    }

    public static void PassOn(MemberState news, IEnumerable<MemberState> neighbours, int mostUntold)
    {
        foreach (var neighbour in neighbours)
            if (neighbour != news && neighbour.Untold.Count < mostUntold && !neighbour.Untold.Contains(news.Peer))
                neighbour.Untold.Add(news.Peer);
    }

    /// <summary>What is due now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="members">All members.</param>
    /// <param name="neighbours">Those that are linked.</param>
    /// <param name="countMatters">True if neighbours have to know how many neighbours this node has.</param>
    /// <param name="outputs">Takes what is to be told.</param>
    public void Tick(
        TimeSpan now, IReadOnlyCollection<MemberState> members, IReadOnlyList<MemberState> neighbours, bool countMatters, List<OverlayOutput> outputs)
    {
        // That there is nothing left to spare is told at once, before too many have let go of this node.
        var isUrgent = neighbours.Count < toldCount && neighbours.Count <= limits.Wanted;
        var counts = countMatters && toldCount != neighbours.Count && (isUrgent || now >= nextCount);
        if (counts)
            (toldCount, nextCount) = (neighbours.Count, now + limits.TellPause);
        foreach (var neighbour in neighbours)
        {
            if (neighbour.Untold.Count == 0 && !counts)
                continue;
            var told = neighbour.Untold.Take(limits.Told).ToList();
            neighbour.Untold.RemoveRange(0, told.Count);
            outputs.Add(new OverlayOutput.Tell(neighbour.Peer, told));
        }

        if (now < nextShuffle)
            return;
        nextShuffle = now + draw.Around(limits.Shuffle);
        if (neighbours.Count > 0)
            outputs.Add(TellSample(neighbours[draw.Below(neighbours.Count)], members));
    }

    private OverlayOutput.Tell TellSample(MemberState neighbour, IEnumerable<MemberState> members)
    {
        var others = draw.Sample(members.Where(member => member.HasRecord && member != neighbour), limits.Sample).Select(member => member.Peer);
        return new OverlayOutput.Tell(neighbour.Peer, neighbour.HasRecord ? [self, neighbour.Peer, .. others] : [self, .. others]);
    }
}
