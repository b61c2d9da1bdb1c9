using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>What all dialling loops of a node share. Thread-safe.</summary>
internal sealed class DialContext(
    LocalNode local, PeerDialer transport, DialPolicy policy, LinkHandshake handshake, LinkTable table, PeerBook book, NodeEvents events, TimeProvider time,
    ILogger<Diallers> log)
{
    private readonly AnnouncementRate changes = new(LinkLimits.IdentityChangesPerMinute, TimeSpan.FromMinutes(1), time);

    public LocalNode Local => local;

    public PeerDialer Transport => transport;

    /// <summary>Where addresses may lead that others named.</summary>
    public DialPolicy Policy => policy;

    public LinkHandshake Handshake => handshake;

    public LinkTable Table => table;

    public NodeEvents Events => events;

    public TimeProvider Time => time;

    public ILogger Log => log;

    /// <summary>Dials that brought no link, by why.</summary>
    public ReasonCounts Failed { get; } = ReasonCounts.Of<DialFailure>("broken");

    /// <summary>Tells the owner, a few times a minute at most, that another identity than the one pinned answered: who answers there can make a new one each time.
    /// False if it was not told for that reason.</summary>
    public bool TryTellOfChange(string label, PeerAddress address, PeerId expected, PeerId other, string advice)
    {
        if (!changes.TryTake())
            return false;
        LinkLog.IdentityChanged(log, label, address.ToString(), expected.ToString(), other.ToString());
        events.Notice("IDENTITY_CHANGED", expected.ToString(), advice);
        return true;
    }

    /// <summary>True if the owner has given this address, or somebody has shown there who it is. All others are only suggested.</summary>
    public bool IsInBook(PeerId peer, PeerAddress address) => book.Snapshot.Find(peer)?.Addresses.Contains(address) == true;

    /// <summary>Notes who answered at an address that was given without an identity, and is not this node. Returns an error for people, empty if it was pinned.</summary>
    public async Task<string> PinAsync(PeerAddress address, PeerId found, CancellationToken cancellationToken)
    {
        var record = await book.PinAsync(address, found, cancellationToken).ConfigureAwait(false);
        LinkLog.Pinned(log, record.Label, address.ToString(), found);
        events.Publish(new WatchEventsResponse
        {
            Pinned = new PinnedEvent { PeerId = found.ToString(), Alias = record.Alias ?? "", Address = address.ToString() },
        });
        return "";
    }

    /// <summary>Dials an address once to learn who is there, and pins it.</summary>
    /// <exception cref="DialException">Nobody proved an identity there.</exception>
    public async Task<PeerId> DiscoverAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        PeerId found;
        try
        {
            var connection = await transport.DialAsync(address.Host, address.Port, null, cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
                found = connection.Peer;
        }
        catch (DialException refused) when (refused.Found is not null)
        {
            found = refused.Found.Value;
        }

        if (found != local.PeerId)
            await PinAsync(address, found, cancellationToken).ConfigureAwait(false);
        return found;
    }
}
