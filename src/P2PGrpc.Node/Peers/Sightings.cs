using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Peers;

/// <summary>The peers that were seen on the local network, in memory only. What is seen only suggests: known peers are dialled there, all others are shown to the
/// owner. Thread-safe.</summary>
internal sealed class Sightings(PeerBook book, NodeEvents events, TimeProvider time)
{
    /// <summary>Strangers that are remembered: more than an owner would look through. The one seen longest ago gives way. Known peers are bounded by the book.</summary>
    private const int Strangers = 64;

    /// <summary>Strangers that the owner is told of in one minute: identities cost nothing.</summary>
    private const int NoticesPerMinute = 5;

    /// <summary>How long after it was heard a peer counts as being there: three announcements may be lost.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(100);

    private readonly Lock gate = new();
    private readonly Dictionary<PeerId, Sighting> seen = [];
    private readonly AnnouncementRate notices = new(NoticesPerMinute, TimeSpan.FromMinutes(1), time);

    /// <summary>A known peer is at a place where it was not before. Raised outside of locks; handlers must not block.</summary>
    public event Action? Changed;

    /// <summary>Those that are there, the newest first.</summary>
    public IReadOnlyList<Sighting> List()
    {
        lock (gate)
            return [.. seen.Values.Where(IsThere).OrderByDescending(sighting => sighting.At)];
    }

    /// <summary>False if this was heard before, or something later of the same process.</summary>
    public bool IsNews(PeerId peer, ulong instance, ulong number)
    {
        lock (gate)
            return !seen.TryGetValue(peer, out var before) || before.Instance != instance || before.Number < number;
    }

    /// <summary>A peer has announced itself, and signed it.</summary>
    public void Add(PeerId peer, PeerAddress address, ulong instance, ulong number)
    {
        var isKnown = book.Snapshot.Find(peer) is { Admission: Admission.Known };
        bool isNew, hasMoved;
        lock (gate)
        {
            var before = seen.GetValueOrDefault(peer);
            isNew = before is null;
            hasMoved = before is null || before.Address != address || !IsThere(before);
            seen[peer] = new Sighting(peer, address, instance, number, time.GetTimestamp());
            if (isNew)
                Trim();
        }

        if (isKnown && hasMoved)
            Changed?.Invoke();
        if (isNew && book.Snapshot.Find(peer) is null && notices.TryTake())
            events.Notice("SEEN_ON_LAN", peer.ToString(), $"A node was seen on the local network. To add it: p2pgrpc peers add {peer}@{address}");
    }

    private bool IsThere(Sighting sighting) => time.GetElapsedTime(sighting.At) < Lifetime;

    private void Trim()
    {
        var records = book.Snapshot;
        var strangers = seen.Values.Where(sighting => records.Find(sighting.Peer) is null).ToList();
        if (strangers.Count > Strangers)
            seen.Remove(strangers.MinBy(sighting => sighting.At)!.Peer);
    }
}
