using System.Net;
using P2PGrpc.Core.Discovery;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Discovery;

/// <summary>Judges what was heard on the local network: what is malformed, forged, old or too much is dropped without a word, and counted. Anybody there can say
/// anything, so each datagram costs little. Thread-safe.</summary>
internal sealed class LanHearing(PeerId self, PeerBook book, Sightings sightings, TimeProvider time)
{
    /// <summary>Signatures of known peers, and of all others, that are checked in one second: each costs 60 µs, and a flood of the ones must not drown the others.</summary>
    private const int ChecksPerSecond = 50;

    private readonly AnnouncementRate known = new(ChecksPerSecond, TimeSpan.FromSeconds(1), time);
    private readonly AnnouncementRate others = new(ChecksPerSecond, TimeSpan.FromSeconds(1), time);
    private long dropped;

    /// <summary>Datagrams that came to nothing.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <param name="datagram">What was heard.</param>
    /// <param name="source">From where: this is dialled, and nothing that is said.</param>
    public void Hear(ReadOnlySpan<byte> datagram, IPAddress source)
    {
        if (LanAnnouncement.Read(datagram) is not { } said)
        {
            Interlocked.Increment(ref dropped);
            return;
        }

        if (said.Peer == self)
            return;
        var isNews = sightings.IsNews(said.Peer, said.Instance, said.Number);
        if (!isNews || !(book.Snapshot.Find(said.Peer) is null ? others : known).TryTake() || !said.IsSigned(datagram))
        {
            Interlocked.Increment(ref dropped);
            return;
        }

        sightings.Add(said.Peer, new PeerAddress(source.ToString(), said.Port), said.Instance, said.Number);
    }
}
