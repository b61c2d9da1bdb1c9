using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Keeps one dialling loop for each peer in the book, and each member that a room names, that has an address and is not blocked. Known peers are dialled
/// where they were seen, too. Follows the book, the rooms and what is seen. Thread-safe.</summary>
internal sealed class Diallers : IAsyncDisposable
{
    private readonly PeerBook book;
    private readonly RoomBook rooms;
    private readonly Sightings sightings;
    private readonly LinkTable table;
    private readonly Func<PeerRecord, Dialler> create;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Dialler> byKey = [];
    private readonly List<Task> ending = [];
    private bool stopped = true;

    public Diallers(PeerBook book, RoomBook rooms, Sightings sightings, LinkTable table, LinkServer server, Func<PeerRecord, Dialler> create)
    {
        this.book = book;
        this.rooms = rooms;
        this.sightings = sightings;
        this.table = table;
        this.create = create;
        book.Changed += Follow;
        rooms.Changed += Follow;
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

    private void NudgeUnpinned()
    {
        lock (gate)
            foreach (var (key, record) in book.Snapshot.Records)
                if (record.PeerId is null)
                    byKey.GetValueOrDefault(key)?.Nudge();
    }

    private void Follow()
    {
        lock (gate)
        {
            if (stopped)
                return;
            ending.RemoveAll(task => task.IsCompleted);
            var records = FindDialled();
            foreach (var (key, dialler) in byKey.ToArray())
                if (!records.TryGetValue(key, out var record) || !dialler.TryFollow(record))
                {
                    byKey.Remove(key);
                    ending.Add(dialler.DisposeAsync().AsTask());
                }

            foreach (var (key, record) in records)
                if (!byKey.ContainsKey(key))
                    byKey[key] = create(record);
        }
    }

    private Dictionary<string, PeerRecord> FindDialled()
    {
        var book = this.book.Snapshot;
        var records = book.Records.Values.ToDictionary(record => record.Key);
        foreach (var member in rooms.Snapshot.Joined.SelectMany(room => room.Peers))
        {
            var record = records.GetValueOrDefault(member.PeerId.ToString()) ?? new PeerRecord(member.PeerId, null, [], Admission.Unspecified);
            records[record.Key] = record with { Addresses = [.. record.Addresses.Union(member.Addresses).Take(PeerRecord.MaximumAddresses)] };
        }

        // Seen last, dialled last: what the owner has said comes first.
        foreach (var sighting in sightings.List())
            if (records.GetValueOrDefault(sighting.Peer.ToString()) is { Admission: Admission.Known } known && !known.Addresses.Contains(sighting.Address))
                records[known.Key] = known with { Addresses = [.. known.Addresses, sighting.Address] };
        return records.Where(record => record.Value.Addresses.Count > 0 && record.Value.Admission != Admission.Blocked).ToDictionary();
    }

    public async ValueTask DisposeAsync()
    {
        book.Changed -= Follow;
        rooms.Changed -= Follow;
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
