using P2PGrpc.Core.Identity;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Peers;

/// <summary>One peer in the book. Immutable: a change makes a new record under the same or another key.</summary>
internal sealed record PeerRecord(PeerId? PeerId, string? Alias, IReadOnlyList<PeerAddress> Addresses, Admission Admission)
{
    /// <summary>The most addresses kept for one peer: each is dialled in turn.</summary>
    public const int MaximumAddresses = 8;

    /// <summary>It is known because everybody may come in, and the owner has neither named nor accepted it.</summary>
    public bool IsStranger { get; init; }

    /// <summary>Those among its addresses that are known from the options alone, and go when the options name them no more.</summary>
    public IReadOnlyList<PeerAddress> Configured { get; init; } = [];

    /// <summary>What names the record in the book and on disk: the identity, or the address as long as there is none.</summary>
    public string Key => PeerId is { } peer ? peer.ToString() : $"@{Addresses[0]}";

    /// <summary>How this node's owner calls the peer: alias, else identity, else address.</summary>
    public string Label => Alias ?? PeerId?.ToString() ?? Addresses[0].ToString();

    public PeerRecord WithAddress(PeerAddress? address) => address is not { } added || Addresses.Contains(added)
        ? this
        : this with { Addresses = [added, .. Addresses.Take(MaximumAddresses - 1)] };

    /// <summary>The same with an address that the options name.</summary>
    public PeerRecord WithConfigured(PeerAddress? address)
    {
        var isNew = address is { } named && !Addresses.Contains(named);
        var known = WithAddress(address);
        return known with { Configured = [.. Configured.Where(known.Addresses.Contains), .. isNew ? [address!.Value] : Array.Empty<PeerAddress>()] };
    }

    /// <summary>The same with an address that somebody else than the options names: it stays, whatever they say.</summary>
    public PeerRecord WithTold(PeerAddress? address)
    {
        var known = WithAddress(address);
        return known with { Configured = [.. Configured.Where(named => named != address && known.Addresses.Contains(named))] };
    }

    /// <summary>Without the addresses that only the options named, but for those that they name now. A peer of which nothing would be left keeps them.</summary>
    public PeerRecord WithoutFormer(IReadOnlySet<PeerAddress> named)
    {
        var former = Configured.Where(address => !named.Contains(address)).ToHashSet();
        PeerAddress[] left = [.. Addresses.Where(address => !former.Contains(address))];
        return PeerId is null && left.Length == 0 ? this : this with { Addresses = left, Configured = [.. Configured.Where(named.Contains)] };
    }
}
