using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Api;

/// <summary>Whom the owner means: an alias, a PeerId or its beginning, or an address. Pure on a snapshot.</summary>
internal static class PeerSelection
{
    /// <summary>The fewest characters of a PeerId that stand for it: shorter ones are met by chance.</summary>
    private const int ShortestPrefix = 8;

    /// <summary>A peer in the book.</summary>
    /// <exception cref="PeerBookException">None, or several, are meant.</exception>
    public static PeerRecord Find(PeerSnapshot snapshot, string text)
    {
        if (snapshot.FindByAlias(text) is { } named)
            return named;
        if (PeerAddress.TryParse(text, out var address) && snapshot.FindByAddress(address) is { } dialled)
            return dialled;
        return FindId(snapshot, [], text) is { } peer && snapshot.Find(peer) is { } record ? record : throw Unknown(text);
    }

    /// <summary>A PeerId, of a peer in the book or of a stranger: a whole one need not be known.</summary>
    /// <exception cref="PeerBookException">None, or several, are meant.</exception>
    public static PeerId FindId(PeerSnapshot snapshot, IEnumerable<PeerId> strangers, string text)
    {
        if (PeerId.TryParse(text, out var whole))
            return whole;
        if (snapshot.FindByAlias(text)?.PeerId is { } named)
            return named;
        if (text.Length < ShortestPrefix)
            throw Unknown(text);
        var meant = snapshot.Records.Values.Select(record => record.PeerId).OfType<PeerId>()
            .Concat(strangers)
            .Distinct()
            .Where(peer => peer.ToString().StartsWith(text, StringComparison.Ordinal))
            .Take(2)
            .ToArray();
        return meant switch
        {
            [var one] => one,
            [] => throw Unknown(text),
            _ => throw new PeerBookException(PeerBookFault.Ambiguous, $"Several peers begin with '{DisplayText.Clean(text, 60)}'. Give more of the PeerId."),
        };
    }

    private static PeerBookException Unknown(string text) => new(
        PeerBookFault.Unknown,
        $"This node knows no peer '{DisplayText.Clean(text, 80)}'. Give an alias, a PeerId or at least {ShortestPrefix} characters of one; 'p2pgrpc peers list' shows them.");
}
