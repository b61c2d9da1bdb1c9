using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Keeps one dialling loop for each peer in the book, and each member that its rooms want dialled, that has an address and is not blocked. Known peers are dialled
/// where they were seen, too. Follows the book, the rooms and what is seen. Thread-safe.</summary>
internal sealed class Diallers : IAsyncDisposable
{
    private readonly PeerBook book;
    private readonly RoomBook rooms;
    private readonly Sightings sightings;
    private readonly LinkTable table;
    private readonly Func<DialTarget, Dialler> create;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Dialler> byKey = [];
    private readonly List<Task> ending = [];
    private IReadOnlyDictionary<PeerId, IReadOnlyList<PeerAddress>> members = new Dictionary<PeerId, IReadOnlyList<PeerAddress>>();
    private bool stopped = true;

    public Diallers(PeerBook book, RoomBook rooms, Sightings sightings, LinkTable table, LinkServer server, Func<DialTarget, Dialler> create)
    {
        this.book = book;
        this.rooms = rooms;
        this.sightings = sightings;
        this.table = table;
        this.create = create;
        book.Changed += FollowOwner;
        rooms.Changed += FollowOwner;
        sightings.Changed += Follow;
        table.Changed += Nudge;
        server.Heard += Nudge;
        server.StrangerHeard += NudgeUnpinned;
    }

    public void Start()
    {
        lock (gate)
            stopped = false;
        Follow();
    }

    /// <summary>What the loop for this record is at, or null if there is none.</summary>
    public DialState? Find(string key)
    {
        lock (gate)
            return byKey.GetValueOrDefault(key)?.State;
    }

    /// <summary>Has the loop for this peer look again at once.</summary>
    public void Nudge(PeerId peer)
    {
        lock (gate)
            byKey.GetValueOrDefault(peer.ToString())?.Nudge();
    }

    /// <summary>Dials these members of rooms, by addresses that others named, and no others.</summary>
    public void FollowMembers(IReadOnlyDictionary<PeerId, IReadOnlyList<PeerAddress>> wanted)
    {
        lock (gate)
            members = wanted;
        Follow();
    }

    private void NudgeUnpinned()
    {
        lock (gate)
            foreach (var (key, record) in book.Snapshot.Records)
                if (record.PeerId is null)
                    byKey.GetValueOrDefault(key)?.Nudge();
    }

    /// <summary>What the owner has changed may be what the others waited for: all look again at once.</summary>
    private void FollowOwner()
    {
        Follow();
        lock (gate)
            foreach (var dialler in byKey.Values)
                dialler.Nudge();
    }

    private void Follow()
    {
        lock (gate)
        {
            if (stopped)
                return;
            ending.RemoveAll(task => task.IsCompleted);
            var targets = FindTargets();
            foreach (var (key, dialler) in byKey.ToArray())
                if (!targets.TryGetValue(key, out var target) || !dialler.TryFollow(target))
                {
                    byKey.Remove(key);
                    ending.Add(dialler.DisposeAsync().AsTask());
                }

            foreach (var (key, target) in targets)
                if (!byKey.ContainsKey(key))
                    byKey[key] = create(target);
        }
    }

    private Dictionary<string, DialTarget> FindTargets()
    {
        var targets = book.Snapshot.Records.Values.ToDictionary(record => record.Key, DialTarget.OfBook);
        foreach (var (member, addresses) in members)
        {
            var known = targets.GetValueOrDefault(member.ToString()) ?? DialTarget.OfBook(new PeerRecord(member, null, [], Admission.Unspecified));
            targets[known.Record.Key] = known.WithLearnt(addresses);
        }

        // Seen last, dialled last: what the owner has said comes first.
        foreach (var sighting in sightings.List())
            if (targets.GetValueOrDefault(sighting.Peer.ToString()) is { Record.Admission: Admission.Known } known)
                targets[known.Record.Key] = known.WithSeen(sighting.Address);
        return targets.Where(target => target.Value.Record is { Addresses.Count: > 0, Admission: not Admission.Blocked }).ToDictionary();
    }

    public async ValueTask DisposeAsync()
    {
        book.Changed -= FollowOwner;
        rooms.Changed -= FollowOwner;
        sightings.Changed -= Follow;
        table.Changed -= Nudge;
        lock (gate)
        {
            stopped = true;
            foreach (var dialler in byKey.Values)
                ending.Add(dialler.DisposeAsync().AsTask());
            byKey.Clear();
        }

        await Task.WhenAll(ending).ConfigureAwait(false);
    }
}
