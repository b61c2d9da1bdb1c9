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

    /// <summary>What names the record in the book and on disk: the identity, or the address as long as there is none.</summary>
    public string Key => PeerId is { } peer ? peer.ToString() : $"@{Addresses[0]}";

    /// <summary>How this node's owner calls the peer: alias, else identity, else address.</summary>
    public string Label => Alias ?? PeerId?.ToString() ?? Addresses[0].ToString();

    public PeerRecord WithAddress(PeerAddress? address) => address is not { } added || Addresses.Contains(added)
        ? this
        : this with { Addresses = [added, .. Addresses.Take(MaximumAddresses - 1)] };
}
