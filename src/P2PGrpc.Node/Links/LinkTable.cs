using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>The links that are up, one a peer. Runs each link from its Hellos to its end. Thread-safe.</summary>
internal sealed class LinkTable
{
    private readonly LocalNode local;
    private readonly PeerBook book;
    private readonly RoomBook rooms;
    private readonly ReplicationLoop replication;
    private readonly ReadStretch readStretch;
    private readonly NodeEvents events;
    private readonly TimeProvider time;
    private readonly ILogger<LinkTable> log;
    private readonly Lock gate = new();
    private readonly AnnouncementRate usedTwice;
    private readonly AnnouncementRate twins;
    private readonly PeerHistory guests;
    private readonly WaitingFrames waiting = new();
    private readonly Dictionary<PeerId, LinkSession> sessions = [];
    private readonly Dictionary<PeerId, PeerHistory> histories = [];
    private long lastLinkId;
    private long ephemeralDropped;
    private long ephemeralNotShared;
    private bool draining;

    public LinkTable(
        LocalNode local, PeerBook book, RoomBook rooms, ReplicationLoop replication, ReadStretch readStretch, NodeEvents events, TimeProvider time,
        ILogger<LinkTable> log)
    {
        this.local = local;
        this.book = book;
        this.rooms = rooms;
        this.replication = replication;
        this.readStretch = readStretch;
        this.events = events;
        this.time = time;
        this.log = log;
        usedTwice = new AnnouncementRate(LinkLimits.UsedTwicePerMinute, TimeSpan.FromMinutes(1), time);
        twins = new AnnouncementRate(LinkLimits.UsedTwicePerMinute, TimeSpan.FromMinutes(1), time);
        guests = new PeerHistory(time);
        book.Changed += FollowChanges;
        rooms.Changed += FollowChanges;
    }

    /// <summary>A link to this peer went up or down. Raised outside of locks; handlers must not block.</summary>
    public event Action<PeerId>? Changed;

    /// <summary>Ephemeral messages of a peer in a conversation that its link shares. Raised on the link's reader; handlers must not block.</summary>
    public event Action<PeerId, EphemeralBody>? EphemeralReceived;

    /// <summary>A link shares other conversations than before. Raised outside of locks; handlers must not block.</summary>
    public event Action? SharingChanged;

    /// <summary>Takes what a link's other side tells of members, on the link's reader, and says what breaks the protocol in it, or nothing.</summary>
    public Func<LinkSession, Members, string>? MembersReceived { get; set; }

    public int Count
    {
        get
        {
            lock (gate)
                return sessions.Count;
        }
    }

    public LinkSession? Find(PeerId peer)
    {
        lock (gate)
            return sessions.GetValueOrDefault(peer);
    }

    /// <summary>Brings a link up whose Hellos were exchanged and runs it to its end. Returns why it ended, at once if it lost the tie-break.</summary>
    public async Task<LinkEnd> RunAsync(IFrameConnection connection, RemoteHello remote, CancellationToken cancellationToken)
    {
        var id = new LinkId(Interlocked.Increment(ref lastLinkId));
        var session = new LinkSession(id, connection, remote, replication, waiting, ReceiveEphemeral, ReceiveMembers, FollowOther, readStretch, time, log, IsStranger(remote.PeerId))
        {
            IsGuest = IsGuest(remote.PeerId),
        };
        await using (session.ConfigureAwait(false))
        {
            var refusal = Enter(session, out var replaced);
            if (replaced is not null && replaced.Remote.Instance != remote.Instance)
                replaced.Close(GoodbyeReason.Replaced, "Another process with your identity has linked.");
            else
                replaced?.Close(GoodbyeReason.Superseded, "A newer link between the two nodes is kept.");
            if (refusal is not null)
            {
                session.Close(refusal.Reason, refusal.Detail);
                return await session.RunAsync(cancellationToken).ConfigureAwait(false);
            }

            try
            {
                // The replicator hears of the end of the old link before the new one: a peer has one link at a time.
                if (replaced is not null)
                    replication.Remove(replaced);
                replication.Add(session);
                var history = Announce(session);
                // The owner may have changed the peer's admission, or the rooms, while the Hellos were exchanged.
                session.Sharing.Start();
                FollowChanges(session);
                var end = await session.RunAsync(cancellationToken).ConfigureAwait(false);
                Ended.Add(end.Reason);
                if (end is { Reason: GoodbyeReason.Replaced, ByOther: true })
                    end = TellOfTwin(end);
                Leave(session, end, history);
                return end;
            }
            finally
            {
                replication.Remove(session);
                Forget(session);
            }
        }
    }

    /// <summary>The links that share a conversation.</summary>
    public IReadOnlyList<LinkSession> FindSharing(ConversationId conversation) =>
        [.. List().Where(session => session.Sharing.Shared.Contains(conversation))];

    /// <summary>All links, by the conversations that they share.</summary>
    public ILookup<ConversationId, LinkSession> ListByConversation() =>
        List().SelectMany(session => session.Sharing.Shared, (session, conversation) => (session, conversation)).ToLookup(shared => shared.conversation, shared => shared.session);

    private LinkSession[] List()
    {
        lock (gate)
            return [.. sessions.Values];
    }

    /// <summary>Hands ephemeral messages to the peer's link, which drops and counts them if too much is waiting. False if there is no link.</summary>
    public bool TrySendEphemeral(PeerId peer, List<EphemeralBody> bodies)
    {
        if (Find(peer) is not { } session)
            return false;
        Send(session, bodies);
        return true;
    }

    /// <summary>The same for all members of a room that are linked. False if none is.</summary>
    public bool TrySendEphemeral(ConversationId room, List<EphemeralBody> bodies)
    {
        var members = FindSharing(room);
        foreach (var session in members)
            Send(session, bodies);
        return members.Count > 0;
    }

    private void Send(LinkSession session, List<EphemeralBody> bodies)
    {
        foreach (var body in bodies)
            if (!session.Outbound.TryAddEphemeral(body))
                Interlocked.Add(ref ephemeralDropped, body.Count);
    }

    private void ReceiveEphemeral(LinkSession session, EphemeralBody body)
    {
        if (rooms.Snapshot.Find(body.Conversation)?.Muted.Contains(session.Peer) == true)
            return;
        if (session.Sharing.Shared.Contains(body.Conversation))
            EphemeralReceived?.Invoke(session.Peer, body);
        else
        {
            Interlocked.Add(ref ephemeralDropped, body.Count);
            Interlocked.Add(ref ephemeralNotShared, body.Count);
        }
    }

    private string ReceiveMembers(LinkSession session, Members members) => MembersReceived?.Invoke(session, members) ?? "";

    /// <summary>Ephemeral messages that were dropped because a link was too slow for them, or because they belong to no conversation that their link shares.</summary>
    public long EphemeralDropped => Interlocked.Read(ref ephemeralDropped);

    /// <summary>Those of them that belong to no conversation that their link shares.</summary>
    public long EphemeralNotShared => Interlocked.Read(ref ephemeralNotShared);

    /// <summary>Links that were up and have ended, by why; those that a newer one took over from among them.</summary>
    public ReasonCounts Ended { get; } = ReasonCounts.Of<GoodbyeReason>();

    /// <summary>Says goodbye on all links and takes no new ones.</summary>
    public void CloseAll(GoodbyeReason reason, string detail)
    {
        LinkSession[] all;
        lock (gate)
        {
            draining = true;
            all = [.. sessions.Values];
        }

        foreach (var session in all)
            session.Close(reason, detail);
    }

    private LinkEnd? Enter(LinkSession session, out LinkSession? replaced)
    {
        lock (gate)
        {
            replaced = null;
            if (draining)
                return new LinkEnd(GoodbyeReason.Shutdown, "This node is stopping.", ByOther: false);
            if (sessions.TryGetValue(session.Peer, out var older))
            {
                var sameProcess = older.Remote.Instance == session.Remote.Instance;
                if (!TieBreak.NewerWins(local.PeerId, session.Peer, sameProcess, older.Dialled, session.Dialled, older.SinceHeard))
                    return new LinkEnd(GoodbyeReason.Superseded, "Another link between the two nodes is kept.", ByOther: false);
                replaced = older;
            }
            else if (sessions.Count >= LinkLimits.Links)
            {
                return new LinkEnd(GoodbyeReason.Busy, $"This node has {LinkLimits.Links} links, which is all it takes.", ByOther: false);
            }
            else if (IsGuest(session.Peer) && sessions.Keys.Count(IsGuest) >= LinkLimits.GuestLinks)
            {
                return new LinkEnd(GoodbyeReason.Busy, $"This node has {LinkLimits.GuestLinks} links for rooms alone, which is all it takes.", ByOther: false);
            }

            sessions[session.Peer] = session;
            return null;
        }
    }

    private bool IsStranger(PeerId peer) => book.Snapshot.Find(peer) is { IsStranger: true };

    private bool IsGuest(PeerId peer) => book.Snapshot.Find(peer)?.Admission != Admission.Known;

    private PeerHistory Announce(LinkSession session)
    {
        if (IsGuest(session.Peer))
            return AnnounceGuest(session);
        PeerHistory? history;
        bool twice;
        lock (gate)
        {
            if (!histories.TryGetValue(session.Peer, out history))
                histories[session.Peer] = history = new PeerHistory(time);
            twice = history.Alternates(session.Remote.Instance);
        }

        if (history.Rate.TryTake())
            Announce(session, twice);
        Changed?.Invoke(session.Peer);
        return history;
    }

    /// <summary>Of guests nothing is remembered, and they share what may be said of them: there may be any number.</summary>
    private PeerHistory AnnounceGuest(LinkSession session)
    {
        if (guests.Rate.TryTake())
            Announce(session, twice: false);
        Changed?.Invoke(session.Peer);
        return guests;
    }

    private void Announce(LinkSession session, bool twice)
    {
        var alias = book.Snapshot.AliasOf(session.Peer) ?? "";
        LinkLog.Up(log, session.Peer, alias, session.Address, session.Dialled);
        events.Publish(new WatchEventsResponse
        {
            LinkUp = new LinkUpEvent
            {
                PeerId = session.Peer.ToString(),
                Alias = alias,
                Address = session.Address,
                Dialled = session.Dialled,
            },
        });
        if (twice && usedTwice.TryTake())
        {
            LinkLog.IdentityUsedTwice(log, session.Peer);
            events.Notice(
                "IDENTITY_USED_TWICE", session.Peer.ToString(),
                "Two running processes use this peer's identity. Its owner must stop one of them; a copied data directory needs a key of its own.");
        }
    }

    /// <summary>Tells the owner, a few times a minute at most, that another process has this node's identity. Whoever was replaced learns what to do about it.</summary>
    private LinkEnd TellOfTwin(LinkEnd end)
    {
        const string advice = "Another process that uses this node's identity has taken the link. Stop one of the two; a copied data directory needs a key of its own.";
        if (twins.TryTake())
        {
            LinkLog.IdentityUsedTwice(log, local.PeerId);
            events.Notice("IDENTITY_USED_TWICE", local.PeerId.ToString(), advice);
        }

        return end with { Detail = advice };
    }

    private void Leave(LinkSession session, LinkEnd end, PeerHistory history)
    {
        // Where another link takes over, its coming is what is said.
        if (end is { Reason: GoodbyeReason.Superseded } or { Reason: GoodbyeReason.Replaced, ByOther: false } || !history.Rate.TryTake())
            return;
        var alias = book.Snapshot.AliasOf(session.Peer) ?? "";
        LinkLog.Down(log, session.Peer, alias, end.Detail.TrimEnd('.'));
        events.Publish(new WatchEventsResponse
        {
            LinkDown = new LinkDownEvent { PeerId = session.Peer.ToString(), Alias = alias, Reason = end.Detail },
        });
    }

    private void Forget(LinkSession session)
    {
        lock (gate)
        {
            if (sessions.GetValueOrDefault(session.Peer) == session)
                sessions.Remove(session.Peer);
        }

        Changed?.Invoke(session.Peer);
    }

    /// <summary>The owner has changed peers or rooms: links share what is shared now, and those that have nothing left to share end.</summary>
    private void FollowChanges()
    {
        foreach (var session in List())
            FollowChanges(session);
    }

    private void FollowChanges(LinkSession session)
    {
        session.Follow(() => IsStranger(session.Peer));
        session.Follow(() => OwnShares.With(session.Peer, book.Snapshot, rooms.Snapshot));
        FollowOther(session);
    }

    /// <summary>What the link shares may have changed.</summary>
    private void FollowOther(LinkSession session)
    {
        CloseIfUnwelcome(session);
        SharingChanged?.Invoke();
    }

    private void CloseIfUnwelcome(LinkSession session)
    {
        switch (book.Snapshot.Find(session.Peer)?.Admission)
        {
            case Admission.Known:
                break;
            case Admission.Blocked:
                session.Close(GoodbyeReason.Blocked, LinkServer.BlockedDetail);
                break;
            default:
                if (session.Sharing.Shared.Count == 0)
                    session.Close(GoodbyeReason.Removed, "You are none of this node's peers, and no room is shared with you.");
                break;
        }
    }

    /// <summary>What is remembered of one peer's links: the last processes seen under its identity, and how much was said of them.</summary>
    private sealed class PeerHistory(TimeProvider time)
    {
        private ulong before;
        private ulong last;

        public AnnouncementRate Rate { get; } = new(LinkLimits.ChangesPerMinute, TimeSpan.FromMinutes(1), time);

        /// <summary>True if a process comes back after another one under the same identity was seen: both are running.</summary>
        public bool Alternates(ulong instance)
        {
            if (instance == last)
                return false;
            var alternates = instance == before;
            before = last;
            last = instance;
            return alternates;
        }
    }
}
