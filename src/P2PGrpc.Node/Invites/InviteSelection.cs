using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Invites;

/// <summary>Which invite the owner means: its id or the beginning of it, or the alias that it gives. Pure.</summary>
internal static class InviteSelection
{
    /// <summary>The fewest characters of an id that stand for it: shorter ones are met by chance.</summary>
    private const int ShortestPrefix = 8;

    /// <exception cref="PeerBookException">None, or several, are meant.</exception>
    public static Invite Find(IReadOnlyList<Invite> open, string text)
    {
        if (text.Length > 0 && open.FirstOrDefault(invite => invite.Alias == text) is { } named)
            return named;
        var meant = text.Length < ShortestPrefix ? [] : open.Where(invite => invite.Id.ToString().StartsWith(text, StringComparison.Ordinal)).Take(2).ToArray();
        return meant switch
        {
            [var one] => one,
            [] => throw new PeerBookException(
                PeerBookFault.UnknownInvite,
                $"No open invite is '{DisplayText.Clean(text, 80)}'. Give its alias, or at least {ShortestPrefix} characters of its id; 'p2pgrpc invite list' shows them."),
            _ => throw new PeerBookException(PeerBookFault.Ambiguous, $"Several invites begin with '{DisplayText.Clean(text, 60)}'. Give more of the id."),
        };
    }
}
