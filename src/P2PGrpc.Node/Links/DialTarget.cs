using P2PGrpc.Node.Peers;

namespace P2PGrpc.Node.Links;

/// <summary>Whom a dialling loop dials, and where. Immutable.</summary>
/// <param name="Record">The peer, with all of its addresses.</param>
/// <param name="Learnt">Those among them that others named: the dial policy holds for them.</param>
internal sealed record DialTarget(PeerRecord Record, IReadOnlySet<PeerAddress> Learnt)
{
    private static readonly IReadOnlySet<PeerAddress> None = new HashSet<PeerAddress>();

    public static DialTarget OfBook(PeerRecord record) => new(record, None);

    public DialTarget WithLearnt(IEnumerable<PeerAddress> addresses)
    {
        var learnt = addresses.Except(Record.Addresses).Take(PeerRecord.MaximumAddresses).ToHashSet();
        return new DialTarget(Record with { Addresses = [.. Record.Addresses, .. learnt] }, learnt);
    }

    /// <summary>Where its announcements came from in a network of this machine: no policy holds for that.</summary>
    public DialTarget WithSeen(PeerAddress address) =>
        Record.Addresses.Contains(address) ? this : this with { Record = Record with { Addresses = [.. Record.Addresses, address] } };

    public bool IsSameAs(DialTarget other) => Record.PeerId == other.Record.PeerId && Record.Alias == other.Record.Alias && Record.Admission == other.Record.Admission
        && Record.Addresses.SequenceEqual(other.Record.Addresses) && Learnt.SetEquals(other.Learnt);
}
