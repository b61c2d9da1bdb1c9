using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>Peers as the owner sees them: the book, the links and the dialling put together. Thread-safe.</summary>
internal sealed class PeerListing(PeerBook book, Knocks knocks, Sightings sightings, LinkTable links, Diallers diallers, LogStore store)
{
    /// <summary>All peers by label, then the strangers that knocked, and those that were seen on the local network, and are in no record, newest first.</summary>
    public IEnumerable<Peer> List()
    {
        var snapshot = book.Snapshot;
        foreach (var record in snapshot.Records.Values.OrderBy(record => record.Label, StringComparer.Ordinal))
            yield return Describe(record);
        var knocked = knocks.List();
        foreach (var knock in knocked)
            if (snapshot.Find(knock.PeerId) is null)
                yield return new Peer
                {
                    PeerId = knock.PeerId.ToString(),
                    Admission = Admission.Knocking,
                    SuggestedName = knock.SuggestedName,
                    Link = LinkState.Down,
                    LastError = $"It knocked from {knock.Address}. To let it in: p2pgrpc peers accept {knock.PeerId}",
                };
        foreach (var sighting in sightings.List())
            if (snapshot.Find(sighting.Peer) is null && knocked.All(knock => knock.PeerId != sighting.Peer))
                yield return Describe(sighting);
    }

    private static Peer Describe(Sighting sighting) => new()
    {
        PeerId = sighting.Peer.ToString(),
        Admission = Admission.Seen,
        Link = LinkState.Down,
        LastError = $"It was seen on the local network. To add it: p2pgrpc peers add {sighting.Peer}@{sighting.Address}",
    };

    public Peer Describe(PeerRecord record)
    {
        var session = record.PeerId is { } peer ? links.Find(peer) : null;
        var dialling = diallers.Find(record.Key);
        var described = new Peer
        {
            PeerId = record.PeerId?.ToString() ?? "",
            Alias = record.Alias ?? "",
            Admission = record.Admission,
            Link = session is not null ? LinkState.Up : dialling is { Dialling: true } ? LinkState.Dialling : LinkState.Down,
            SuggestedName = session?.Remote.Name ?? "",
            LastError = session is null ? dialling?.LastError ?? "" : "",
            Undelivered = record.PeerId is { } recipient ? store.CountUndelivered(recipient) : 0,
            ThisNode = dialling is { IsSelf: true },
            RoundTripMs = session?.RoundTripMilliseconds ?? 0,
        };
        described.Addresses.Add(record.Addresses.Select(address => address.ToString()));
        return described;
    }
}
