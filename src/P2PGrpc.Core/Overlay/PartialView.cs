using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Overlay;

/// <summary>With whom one member of a room links. In a small room with everybody; in a larger one with a few at random, so that the room stays connected though
/// many fail, and nobody has too many links. A link counts for both of its ends, so neighbourhood is symmetric. Pure: the same inputs at the same times and the same
/// seed give the same outputs. Not thread-safe.</summary>
internal sealed class PartialView
{
    /// <summary>The part of a crowd that is let go with each tick: one in four.</summary>
    private const int CrowdShare = 4;

    private readonly OverlayLimits limits;
    private readonly SeededDraw draw;
    private readonly MemberTeller teller;
    private readonly Dictionary<PeerId, MemberState> members = [];
    private readonly List<MemberState> neighbours = [];
    private MemberState? wanderer;
    private TimeSpan nextWander;
    private TimeSpan nextForgetting;
    private bool isSmall = true;
    private TimeSpan? changesAt;
    private int dialling;
    private int remembered;

    public PartialView(PeerId self, OverlayLimits limits, ulong seed)
    {
        this.limits = limits;
        draw = new SeededDraw(seed);
        teller = new MemberTeller(self, limits, draw);
        nextWander = draw.Around(limits.Wander);
    }

    public int NeighbourCount => neighbours.Count;

    /// <summary>Other members that can be dialled, are linked, or were lately.</summary>
    public int MemberCount { get; private set; }

    /// <summary>True if each member is to be linked with each.</summary>
    public bool IsFullMesh => isSmall && LooksSmall;

    /// <summary>True if links that are more than enough may end. Between this and a full mesh nothing is given up and nobody sought that is not needed.</summary>
    private bool IsPartial => !isSmall && !LooksSmall;

    /// <summary>A newcomer knows hardly anybody, so what its neighbours know counts, too. The most of them decide, for one may say anything.</summary>
    private bool LooksSmall => MemberCount <= limits.FullMesh && neighbours.Count(neighbour => neighbour.Members > limits.FullMesh) * 2 <= neighbours.Count;

    public IEnumerable<PeerId> Neighbours => neighbours.Select(neighbour => neighbour.Peer);

    /// <summary>True if this link may end for all that this room cares: there are more than enough, and its other end has enough without it.</summary>
    public bool CanSpare(TimeSpan now, PeerId peer) => neighbours.Count > limits.Most && IsPartial
        && members.GetValueOrDefault(peer) is { IsLinked: true } member && IsSparable(member, now);

    public void Handle(TimeSpan now, OverlayInput input, List<OverlayOutput> outputs)
    {
        switch (input)
        {
            case OverlayInput.Known(var peer, var hasRecord):
                Change(peer, member => (member.IsKnown, member.HasRecord) = (true, hasRecord), outputs);
                break;
            case OverlayInput.News(var peer):
                if (members.GetValueOrDefault(peer) is { HasRecord: true } news)
                    MemberTeller.PassOn(news, neighbours, mostUntold: 8 * limits.Told);
                break;
            case OverlayInput.Forgotten(var peer):
                Change(peer, member => (member.IsKnown, member.HasRecord) = (false, false), outputs);
                break;
            case OverlayInput.Configured(var peer, var on):
                Change(peer, member => member.IsConfigured = on, outputs);
                break;
            case OverlayInput.LinkUp(var peer):
                Link(now, peer, outputs);
                break;
            case OverlayInput.LinkDown(var peer):
                Unlink(now, peer, outputs);
                break;
            case OverlayInput.DialFailed(var peer):
                if (!IsFullMesh && members.GetValueOrDefault(peer) is { IsDialled: true, IsLinked: false } failed)
                    Stop(now, failed, outputs);
                break;
            case OverlayInput.Heard(var peer, var told, var known):
                if (members.GetValueOrDefault(peer) is { IsLinked: true } neighbour)
                    (neighbour.Neighbours, neighbour.Members) = (told, known);
                break;
            case OverlayInput.Tick:
                Tick(now, outputs);
                break;
        }

        Settle(now);
        Seek(now, outputs);
    }

    /// <summary>Whether the room counts as small changes once it has looked otherwise for a while: to make all links or to let go of most costs the whole room.</summary>
    private void Settle(TimeSpan now)
    {
        if (LooksSmall == isSmall)
            changesAt = null;
        else if (changesAt is null)
            changesAt = now + limits.Change;
        else if (now >= changesAt)
            (isSmall, changesAt) = (!isSmall, null);
    }

    private void Change(PeerId peer, Action<MemberState> change, List<OverlayOutput> outputs)
    {
        if (!members.TryGetValue(peer, out var member))
            member = new MemberState(peer);
        var before = (member.IsCounted, IsSeen: member.SeenAt is not null);
        change(member);
        MemberCount += (member.IsCounted ? 1 : 0) - (before.IsCounted ? 1 : 0);
        remembered += (member.SeenAt is not null ? 1 : 0) - (before.IsSeen ? 1 : 0);
        if (!member.IsKnown && member is { IsDialled: true, IsLinked: false })
            EndDialling(member, outputs);
        if (member.IsCounted || member.IsConfigured)
            members[peer] = member;
        else
            members.Remove(peer);
    }

    private void Link(TimeSpan now, PeerId peer, List<OverlayOutput> outputs)
    {
        if (members.GetValueOrDefault(peer) is { IsLinked: true })
            return;
        Change(peer, member => (member.IsLinked, member.SeenAt) = (true, null), outputs);
        var linked = members[peer];
        neighbours.Add(linked);
        if (linked.IsDialled)
            dialling--;
        if (linked == wanderer)
            wanderer = null;
        linked.LinkedAt = linked.SettlesFrom = now;
        linked.Neighbours = linked.Members = 0;
        outputs.Add(teller.Greet(linked, members.Values));
    }

    private void Unlink(TimeSpan now, PeerId peer, List<OverlayOutput> outputs)
    {
        if (members.GetValueOrDefault(peer) is not { IsLinked: true } gone)
            return;
        neighbours.Remove(gone);
        if (gone.IsDialled)
            dialling++;
        if (now - gone.LinkedAt >= limits.Lasting)
            gone.Rest /= 4;
        TimeSpan? seenAt = gone.IsKnown || remembered >= limits.MostRemembered ? null : now;
        Change(peer, member => (member.IsLinked, member.SeenAt) = (false, seenAt), outputs);
        if (IsFullMesh)
            return;
        // Whether it fails or has let this node go, somebody else is the better choice for now.
        Tire(now, gone);
        if (gone.IsDialled)
            EndDialling(gone, outputs);
    }

    private void Tick(TimeSpan now, List<OverlayOutput> outputs)
    {
        teller.Tick(now, members.Values, neighbours, countMatters: !IsFullMesh, outputs);
        Forget(now, outputs);
        if (!IsPartial)
            return;
        Wander(now, outputs);
        if (neighbours.Count <= limits.Most)
            return;
        // Few at a time: others may let go of the same ones at this moment, and what they said of themselves is some seconds old. But a crowd must make room for
        // those who can't get in.
        for (var count = 1 + Math.Max(0, neighbours.Count - limits.Crowd) / CrowdShare; count > 0; count--)
        {
            if (draw.Pick(neighbours, neighbour => IsSparable(neighbour, now)) is not { } spared)
                return;
            // If it is not let go, because of something else, another one is asked for next.
            spared.SettlesFrom = now;
            outputs.Add(new OverlayOutput.Drop(spared.Peer));
        }
    }

    private void Forget(TimeSpan now, List<OverlayOutput> outputs)
    {
        if (remembered == 0 || now < nextForgetting)
            return;
        nextForgetting = now + limits.Shuffle;
        foreach (var member in members.Values.Where(member => now - member.SeenAt >= limits.Remembered).ToList())
            Change(member.Peer, gone => gone.SeenAt = null, outputs);
    }

    /// <summary>What was split, and has neighbours enough on each side, would stay so for ever without a link that nobody needs.</summary>
    private void Wander(TimeSpan now, List<OverlayOutput> outputs)
    {
        if (now < nextWander)
            return;
        nextWander = now + draw.Around(limits.Wander);
        if (wanderer is not null || neighbours.Count < limits.Wanted || Choose(now) is not { } chosen)
            return;
        wanderer = chosen;
        Begin(chosen, outputs);
    }

    /// <summary>Dials as many as are missing, and no more.</summary>
    private void Seek(TimeSpan now, List<OverlayOutput> outputs)
    {
        if (IsFullMesh)
        {
            foreach (var member in members.Values)
                if (member is { IsKnown: true, IsDialled: false })
                    Begin(member, outputs);
            return;
        }

        var missing = Math.Max(0, limits.Wanted - neighbours.Count);
        var sought = dialling - (wanderer is null ? 0 : 1);
        for (; sought > missing && draw.Pick(members.Values, IsSought) is { } needless; sought--)
            EndDialling(needless, outputs);
        for (; sought < missing && Choose(now) is { } chosen; sought++)
            Begin(chosen, outputs);
    }

    private bool IsSought(MemberState member) => member is { IsDialled: true, IsLinked: false } && member != wanderer;

    private MemberState? Choose(TimeSpan now) =>
        draw.Pick(members.Values, member => member is { IsKnown: true, IsLinked: false, IsDialled: false } && IsRested(member, now));

    private bool IsRested(MemberState member, TimeSpan now)
    {
        var rest = neighbours.Count < limits.Few && member.Rest > limits.LongestRestAlone ? limits.LongestRestAlone : member.Rest;
        return rest == TimeSpan.Zero || now - member.RestsFrom >= rest;
    }

    private bool IsSparable(MemberState neighbour, TimeSpan now) => !neighbour.IsConfigured
        && neighbour.Neighbours >= limits.Wanted + (neighbours.Count > limits.Crowd ? 0 : 1) && now - neighbour.SettlesFrom >= limits.Settled;

    private void Begin(MemberState member, List<OverlayOutput> outputs)
    {
        member.IsDialled = true;
        if (!member.IsLinked)
            dialling++;
        outputs.Add(new OverlayOutput.Dial(member.Peer));
    }

    private void Stop(TimeSpan now, MemberState member, List<OverlayOutput> outputs)
    {
        Tire(now, member);
        EndDialling(member, outputs);
    }

    private void EndDialling(MemberState member, List<OverlayOutput> outputs)
    {
        member.IsDialled = false;
        dialling--;
        if (member == wanderer)
            wanderer = null;
        outputs.Add(new OverlayOutput.StopDialling(member.Peer));
    }

    private void Tire(TimeSpan now, MemberState member)
    {
        var longer = member.Rest == TimeSpan.Zero ? limits.FirstRest : member.Rest * 2;
        member.Rest = longer < limits.LongestRest ? longer : limits.LongestRest;
        member.RestsFrom = now;
    }
}
