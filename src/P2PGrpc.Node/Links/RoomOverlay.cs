using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Overlay;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;

namespace P2PGrpc.Node.Links;

/// <summary>Decides, room by room, which members this node dials and which links it lets go, and exchanges members' addresses with neighbours. The rules are those of
/// the views; this loop shows them how things are, at once when something has changed and each second otherwise. Thread-safe.</summary>
internal sealed class RoomOverlay : IAsyncDisposable
{
    /// <summary>What neighbours say that waits for the loop; what comes beyond is left out, and said again later.</summary>
    private const int WaitingWords = 1000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The shortest time between two looks at how things are: others can change them at any rate.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>The time after which a full disk is tried again.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromMinutes(1);

    private readonly LocalNode local;
    private readonly PeerBook book;
    private readonly RoomBook rooms;
    private readonly MemberBook members;
    private readonly LinkTable links;
    private readonly Diallers diallers;
    private readonly AddressTester tester;
    private readonly OwnAddresses own;
    private readonly TimeProvider time;
    private readonly ILogger<RoomOverlay> log;
    private readonly CancellationTokenSource stopping = new();
    private readonly Signal changed = new();
    private readonly Channel<(ConversationId Room, OverlayInput.Heard Said)> heard = Channel.CreateBounded<(ConversationId, OverlayInput.Heard)>(
        new BoundedChannelOptions(WaitingWords) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Dictionary<ConversationId, RoomView> views = [];
    private readonly List<OverlayOutput> outputs = [];
    private readonly long startedAt;
    private readonly List<AddressRecord> disowned = [];
    private AddressRecord? forgotten;
    private int memberChanges;
    private bool hasNewRecord;
    private TimeSpan tickAt;
    private TimeSpan prepareAt;
    private Task running = Task.CompletedTask;

    public RoomOverlay(
        LocalNode local, PeerBook book, RoomBook rooms, MemberBook members, LinkTable links, Diallers diallers, AddressTester tester, OwnAddresses own,
        TimeProvider time, ILogger<RoomOverlay> log)
    {
        (this.local, this.book, this.rooms, this.members, this.links) = (local, book, rooms, members, links);
        (this.diallers, this.tester, this.own, this.time, this.log) = (diallers, tester, own, time, log);
        startedAt = time.GetTimestamp();
    }

    public void Start()
    {
        links.MembersReceived = Receive;
        links.Changed += OnLinkChanged;
        links.SharingChanged += changed.Set;
        rooms.Changed += OnMembersChanged;
        book.Changed += OnMembersChanged;
        members.Changed += OnMembersChanged;
        running = Task.Run(RunAsync);
    }

    private void OnLinkChanged(PeerId peer) => changed.Set();

    private void OnMembersChanged()
    {
        Interlocked.Increment(ref memberChanges);
        changed.Set();
    }

    /// <summary>What a neighbour tells of members. Returns what breaks the protocol in it, or nothing.</summary>
    private string Receive(LinkSession session, Members frame)
    {
        if (!MembersFrames.TryRead(frame, out var said, out var fault))
            return fault;
        // Who has just left, or whose word was on its way when this node left, has broken nothing.
        if (said!.Conversation == session.Sharing.Direct || !session.Sharing.Shared.Contains(said.Conversation))
            return "";
        heard.Writer.TryWrite((said.Conversation, new OverlayInput.Heard(session.Peer, said.Neighbours, said.KnownMembers)));
        foreach (var record in said.Records)
        {
            var isOwn = record.Peer == local.PeerId;
            if (isOwn ? !own.IsOutdatedBy(record) : !members.IsNews(record) || book.Snapshot.Find(record.Peer)?.Admission == Admission.Blocked)
                continue;
            if (!session.TryLookAtRecord())
                break;
            if (!record.IsSigned())
                return "the signature of an address record does not hold";
            if (isOwn)
                Volatile.Write(ref forgotten, record);
            else
                members.Offer(record, session.Peer);
        }

        changed.Set();
        return "";
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await StepAsync(stopping.Token).ConfigureAwait(false);
                if (views.Count == 0)
                {
                    await changed.WaitAsync(stopping.Token).ConfigureAwait(false);
                    continue;
                }

                await changed.WaitAsync(Interval, time, stopping.Token).ConfigureAwait(false);
                await Task.Delay(Pause, time, stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception unexpected)
            {
                // What is linked stays so; only who is linked with whom is not seen to until the next step.
                LinkLog.OverlayBroken(log, unexpected);
                await Task.Delay(Interval, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        var joined = rooms.Snapshot.Joined;
        await SettleAsync(joined.Select(room => room.Conversation).ToHashSet(), cancellationToken).ConfigureAwait(false);
        var now = time.GetElapsedTime(startedAt);
        var isTick = now >= tickAt;
        if (isTick)
            tickAt = now + Interval;
        var dialChanged = false;
        foreach (var gone in views.Keys.Except(joined.Select(room => room.Conversation)).ToList())
            dialChanged |= views.Remove(gone);
        var membersChanged = Interlocked.Exchange(ref memberChanges, 0) > 0;
        var words = ReadHeard();
        var sessions = links.ListByConversation();
        foreach (var room in joined)
            dialChanged |= Follow(room, now, membersChanged, sessions[room.Conversation], words[room.Conversation], isTick);
        hasNewRecord = false;
        if (dialChanged)
            diallers.FollowMembers(FindDialled());
        tester.Continue();
    }

    private ILookup<ConversationId, OverlayInput> ReadHeard()
    {
        var words = new List<(ConversationId Room, OverlayInput Said)>();
        while (words.Count < WaitingWords && heard.Reader.TryRead(out var word))
            words.Add(word);
        return words.ToLookup(word => word.Room, word => word.Said);
    }

    private async Task SettleAsync(HashSet<ConversationId> joined, CancellationToken cancellationToken)
    {
        try
        {
            await members.KeepAsync(joined, cancellationToken).ConfigureAwait(false);
            foreach (var gone in disowned)
                await members.DisownAsync(gone, time.GetElapsedTime(startedAt), cancellationToken).ConfigureAwait(false);
            disowned.Clear();
            if (joined.Count > 0 && !own.IsReady && time.GetElapsedTime(startedAt) >= prepareAt)
            {
                prepareAt = time.GetElapsedTime(startedAt) + Retry;
                await own.PrepareAsync(cancellationToken).ConfigureAwait(false);
                hasNewRecord = true;
            }

            if (Interlocked.Exchange(ref forgotten, null) is { } record && own.IsOutdatedBy(record))
            {
                await own.OutdoAsync(record, cancellationToken).ConfigureAwait(false);
                hasNewRecord = true;
            }
        }
        catch (StoreException full)
        {
            LinkLog.MembersNotKept(log, full.Message);
        }
    }

    /// <summary>Shows a room's view how things are, and does what it wants. True if other members, or at other addresses, are to be dialled.</summary>
    private bool Follow(
        RoomRecord room, TimeSpan now, bool membersChanged, IEnumerable<LinkSession> sessions, IEnumerable<OverlayInput> words, bool isTick)
    {
        outputs.Clear();
        var isNew = !views.TryGetValue(room.Conversation, out var view);
        if (isNew)
            views[room.Conversation] = view = new RoomView(room.Conversation, local.PeerId, local.Instance ^ room.Conversation.Value.Prefix);
        var changes = (isNew || membersChanged) && view!.FollowMembers(now, FindReachable(room), outputs);
        view!.FollowLinks(now, sessions, IsConfigured, outputs);
        foreach (var peer in view.FollowDials(now, peer => diallers.Find(peer.ToString()), outputs))
            if (members.Find(room.Conversation, peer) is { } record)
                disowned.Add(record);
        foreach (var word in words)
            view.Handle(now, word, outputs);
        if (isTick)
            view.Handle(now, new OverlayInput.Tick(), outputs);
        if (hasNewRecord)
            outputs.AddRange(sessions.Select(session => new OverlayOutput.Tell(session.Peer, [local.PeerId])));
        foreach (var output in outputs)
            switch (output)
            {
                case OverlayOutput.Dial or OverlayOutput.StopDialling:
                    changes = true;
                    break;
                case OverlayOutput.Drop(var peer):
                    Drop(view, now, peer);
                    break;
                case OverlayOutput.Tell(var to, var told):
                    Tell(view, to, told);
                    break;
            }

        return changes;
    }

    private Dictionary<PeerId, ReachableMember> FindReachable(RoomRecord room)
    {
        var found = members.List(room.Conversation).ToDictionary(
            record => record.Peer, record => new ReachableMember(AddressTester.OfRecord(record), record.Sequence));
        foreach (var named in room.Peers)
            found[named.PeerId] = found.TryGetValue(named.PeerId, out var known)
                ? known with { Addresses = [.. known.Addresses.Union(named.Addresses)] }
                : new ReachableMember(named.Addresses, 0);
        var peers = book.Snapshot;
        return found.Where(member => member.Key != local.PeerId && member.Value.Addresses.Count > 0 && peers.Find(member.Key)?.Admission != Admission.Blocked)
            .ToDictionary();
    }

    private Dictionary<PeerId, IReadOnlyList<PeerAddress>> FindDialled()
    {
        var dialled = new Dictionary<PeerId, IReadOnlyList<PeerAddress>>();
        foreach (var view in views.Values)
            foreach (var peer in view.Dialled)
                dialled[peer] = dialled.TryGetValue(peer, out var other) ? [.. other.Union(view.AddressesOf(peer))] : view.AddressesOf(peer);
        return dialled;
    }

    private bool IsConfigured(PeerId peer) => book.Snapshot.Find(peer)?.Admission == Admission.Known;

    /// <summary>A link serves all rooms that the two ends share, so all of them must be able to spare it.</summary>
    private void Drop(RoomView asking, TimeSpan now, PeerId peer)
    {
        if (links.Find(peer) is not { } session || IsConfigured(peer))
            return;
        var others = session.Sharing.Shared.Where(shared => shared != asking.Room);
        if (others.All(shared => views.TryGetValue(shared, out var view) && view.CanSpare(now, peer)))
            session.Close(GoodbyeReason.Crowded, "This node has neighbours enough in the rooms that it shares with you.");
    }

    private void Tell(RoomView view, PeerId to, IReadOnlyList<PeerId> told)
    {
        var records = told.Select(peer => peer == local.PeerId ? own.Find(view.Room) : members.Find(view.Room, peer)).OfType<AddressRecord>().ToList();
        if (links.Find(to) is { } session && session.Sharing.Shared.Contains(view.Room))
            session.TellMembers(new MembersMessage(view.Room, records, view.NeighbourCount, view.MemberCount));
    }

    public async ValueTask DisposeAsync()
    {
        links.MembersReceived = null;
        links.Changed -= OnLinkChanged;
        links.SharingChanged -= changed.Set;
        rooms.Changed -= OnMembersChanged;
        book.Changed -= OnMembersChanged;
        members.Changed -= OnMembersChanged;
        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        await tester.DisposeAsync().ConfigureAwait(false);
        stopping.Dispose();
    }
}
