using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.Links;

/// <summary>A conversation that came to be shared on a link, or ceased to be.</summary>
internal readonly record struct SharingChange(ConversationId Conversation, bool On);

/// <summary>Which conversations the two ends of a link exchange: those that both share. A room's proof holds for one direction of one link, so what one side
/// proves tells nobody else of the room, and can't be shown again elsewhere. Thread-safe.</summary>
internal sealed class LinkSharing
{
    private readonly Lock gate = new();
    private readonly PeerId self;
    private readonly PeerId peer;
    private readonly ReadOnlyMemory<byte> diallerNonce;
    private readonly ReadOnlyMemory<byte> servedNonce;
    private readonly HashSet<ConversationId> ended = [];
    private OwnShares own;
    private LinkShares other;
    private IReadOnlySet<ConversationId> shared;
    private bool started;

    /// <param name="self">This node.</param>
    /// <param name="peer">The link's other end.</param>
    /// <param name="diallerNonce">From the dialler's Hello.</param>
    /// <param name="servedNonce">From the Challenge.</param>
    /// <param name="own">What this node said in its Hello.</param>
    /// <param name="other">What the other side said in its Hello.</param>
    public LinkSharing(
        PeerId self, PeerId peer, ReadOnlyMemory<byte> diallerNonce, ReadOnlyMemory<byte> servedNonce, OwnShares own, LinkShares other)
    {
        (this.self, this.peer, this.diallerNonce, this.servedNonce, this.own, this.other) = (self, peer, diallerNonce, servedNonce, own, other);
        Direct = ConversationId.Direct(self, peer);
        AtStart = shared = FindShared();
        Scope = HeardPosition.ComputeScope(AtStart);
    }

    /// <summary>The direct conversation of the two ends, shared or not.</summary>
    public ConversationId Direct { get; }

    /// <summary>What is shared from the link's start: what both Hellos said.</summary>
    public IReadOnlySet<ConversationId> AtStart { get; }

    /// <summary>Names what is shared from the start.</summary>
    public ulong Scope { get; }

    /// <summary>What is shared now.</summary>
    public IReadOnlySet<ConversationId> Shared
    {
        get
        {
            lock (gate)
                return shared;
        }
    }

    /// <summary>True if an author has a place in a conversation: in the direct one only the two ends have, in a room everybody whom it admits.</summary>
    public bool HasPlace(ConversationId conversation, PeerId author) => conversation != Direct || author == self || author == peer;

    /// <summary>What this node says to a peer.</summary>
    public static LinkShares Say(
        OwnShares own, PeerId self, PeerId peer, ReadOnlyMemory<byte> diallerNonce, ReadOnlyMemory<byte> servedNonce) =>
        new(own.Direct, own.Rooms.Joined.Select(room => room.Secret!.Prove(self, peer, diallerNonce.Span, servedNonce.Span)).ToHashSet());

    /// <summary>Lets changes take effect: replication knows of the link now. Before, only what the Hellos said counts.</summary>
    public void Start()
    {
        lock (gate)
            started = true;
    }

    /// <summary>The other side shares something else from now on.</summary>
    /// <param name="said">All that it shares.</param>
    /// <param name="apply">Hears what changes, in order; must not block.</param>
    /// <returns>False, and nothing changed, if something would be shared that was shared on this link before: the link is to end.</returns>
    public bool Take(LinkShares said, Action<IReadOnlyList<SharingChange>> apply)
    {
        lock (gate)
        {
            other = said;
            return Settle(apply);
        }
    }

    /// <summary>This node shares something else from now on.</summary>
    /// <param name="find">All that it shares now. Asked in here, so that of two changes the later one counts, whoever comes first.</param>
    /// <param name="say">Told what to say to the other side, before it hears anything of it; must not block.</param>
    /// <param name="apply">Hears what changes, in order; must not block.</param>
    /// <returns>As <see cref="Take"/> does.</returns>
    public bool Follow(Func<OwnShares> find, Action<LinkShares> say, Action<IReadOnlyList<SharingChange>> apply)
    {
        lock (gate)
        {
            if (!started || find() is var now && now == own)
                return true;
            own = now;
            say(Say(own, self, peer, diallerNonce, servedNonce));
            return Settle(apply);
        }
    }

    /// <summary>What the other side tells of a conversation that it has shared all the time, as far as it knows, goes on where it was, and would be taken for all
    /// that there is: an author's later log before an earlier one. So what was shared once and ceased to be is shared again on another link.</summary>
    private bool Settle(Action<IReadOnlyList<SharingChange>> apply)
    {
        var (before, now) = (shared, FindShared());
        if (now.Overlaps(ended))
            return false;
        shared = now;
        ended.UnionWith(before.Except(now));
        List<SharingChange> changes =
        [
            .. before.Except(shared).Select(conversation => new SharingChange(conversation, false)),
            .. shared.Except(before).Select(conversation => new SharingChange(conversation, true)),
        ];
        if (changes.Count > 0)
            apply(changes);
        return true;
    }

    private HashSet<ConversationId> FindShared()
    {
        var found = new HashSet<ConversationId>();
        if (own.Direct && other.Direct)
            found.Add(Direct);
        if (other.Rooms.Count == 0)
            return found;
        foreach (var room in own.Rooms.Joined)
            if (other.Rooms.Contains(room.Secret!.Prove(peer, self, diallerNonce.Span, servedNonce.Span)))
                found.Add(room.Conversation);
        return found;
    }
}
