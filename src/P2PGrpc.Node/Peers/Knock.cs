using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Peers;

/// <summary>A stranger that asked to come in.</summary>
internal sealed record Knock(PeerId PeerId, string SuggestedName, string Address)
{
    /// <summary>When it knocked first, and whether the owner was told.</summary>
    public (long At, bool IsTold) First { get; init; }

    /// <summary>Where it knocks from, without the port: what a flood has in common.</summary>
    public string Host => Address[..Math.Max(0, Address.LastIndexOf(':'))];
}
