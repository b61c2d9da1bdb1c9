using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Overlay;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Peers;

namespace P2PGrpc.Node.Links;

/// <summary>A member of a room that can be dialled.</summary>
/// <param name="Addresses">Where, as tickets and its record name it.</param>
/// <param name="Sequence">Of its record; 0 if only a ticket names it.</param>
internal sealed record ReachableMember(IReadOnlyList<PeerAddress> Addresses, ulong Sequence);

/// <summary>One room's view, and what it was told last: it hears of differences only. Not thread-safe.</summary>
internal sealed class RoomView(ConversationId room, PeerId self, ulong seed)
{
    private readonly PartialView view = new(self, new OverlayLimits(), seed);
    private readonly Dictionary<PeerId, int> failures = [];
    private readonly HashSet<PeerId> configured = [];
    private readonly Dictionary<PeerId, LinkId> linked = [];
    private Dictionary<PeerId, ReachableMember> reachable = [];
    private bool started;

    public ConversationId Room => room;

    public int NeighbourCount => view.NeighbourCount;

    public int MemberCount => view.MemberCount;

    /// <summary>Whom it wants dialled.</summary>
    public HashSet<PeerId> Dialled { get; } = [];

    /// <summary>Where a member can be dialled, as far as others told.</summary>
    public IReadOnlyList<PeerAddress> AddressesOf(PeerId peer) => reachable.GetValueOrDefault(peer)?.Addresses ?? [];

    public bool CanSpare(TimeSpan now, PeerId peer) => view.CanSpare(now, peer);

    public void Handle(TimeSpan now, OverlayInput input, List<OverlayOutput> outputs)
    {
        var first = outputs.Count;
        view.Handle(now, input, outputs);
        foreach (var output in outputs[first..])
            if (output is OverlayOutput.Dial(var dialled))
                Dialled.Add(dialled);
            else if (output is OverlayOutput.StopDialling(var left) && Dialled.Remove(left))
                failures.Remove(left);
    }

    /// <summary>Who is known of the room now. What is known when the view begins was told to others before.</summary>
    /// <returns>True if addresses have changed.</returns>
    public bool FollowMembers(TimeSpan now, Dictionary<PeerId, ReachableMember> members, List<OverlayOutput> outputs)
    {
        var before = reachable;
        reachable = members;
        var changed = false;
        foreach (var peer in before.Keys.Where(peer => !members.ContainsKey(peer)))
        {
            changed = true;
            Handle(now, new OverlayInput.Forgotten(peer), outputs);
        }

        foreach (var (peer, member) in members)
        {
            var known = before.GetValueOrDefault(peer);
            if (known is not null && known.Sequence == member.Sequence && known.Addresses.SequenceEqual(member.Addresses))
                continue;
            changed = true;
            Handle(now, new OverlayInput.Known(peer, member.Sequence > 0), outputs);
            if (started && member.Sequence > (known?.Sequence ?? 0))
                Handle(now, new OverlayInput.News(peer), outputs);
        }

        started = true;
        return changed;
    }

    /// <summary>Who is linked now, and is in the book.</summary>
    public void FollowLinks(TimeSpan now, IEnumerable<LinkSession> sessions, Func<PeerId, bool> isConfigured, List<OverlayOutput> outputs)
    {
        var current = sessions.ToDictionary(session => session.Peer, session => session.Id);
        foreach (var (peer, link) in linked.ToList())
            if (!current.TryGetValue(peer, out var same) || same != link)
            {
                linked.Remove(peer);
                // Where another link has taken over, the end of the old one is no reason to let go of the peer.
                if (!current.ContainsKey(peer))
                    Handle(now, new OverlayInput.LinkDown(peer), outputs);
            }

        foreach (var peer in current.Keys.Union(configured).Where(peer => isConfigured(peer) != configured.Contains(peer)).ToList())
        {
            if (!configured.Remove(peer))
                configured.Add(peer);
            Handle(now, new OverlayInput.Configured(peer, configured.Contains(peer)), outputs);
        }

        foreach (var (peer, link) in current)
            if (linked.TryAdd(peer, link))
                Handle(now, new OverlayInput.LinkUp(peer), outputs);
    }

    /// <summary>What has become of the dials.</summary>
    /// <returns>Members that have said that they know this node no more.</returns>
    public IReadOnlyList<PeerId> FollowDials(TimeSpan now, Func<PeerId, DialState?> find, List<OverlayOutput> outputs)
    {
        var unwelcoming = new List<PeerId>();
        foreach (var peer in Dialled.Where(peer => !linked.ContainsKey(peer)).ToList())
        {
            if (find(peer) is not { } state || state.Failures <= failures.GetValueOrDefault(peer))
                continue;
            failures[peer] = state.Failures;
            if (state.IsUnwelcome)
                unwelcoming.Add(peer);
            Handle(now, new OverlayInput.DialFailed(peer), outputs);
        }

        return unwelcoming;
    }
}
