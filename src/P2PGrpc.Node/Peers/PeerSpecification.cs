using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Peers;

/// <summary>A peer as people write it, everywhere: [alias=][id@]host:port, [alias=][id@]srv:_service._tcp.domain, or [alias=]id for a peer that dials in.</summary>
internal sealed record PeerSpecification(string? Alias, PeerId? PeerId, PeerAddress? Address)
{
    public const string Rule = "A peer is written [alias=][id@]host:port, or [alias=]id for one that dials in. srv:_service._tcp.domain may stand for host:port.";

    /// <summary>Null with a fault that says what is wrong, or the peer with an empty fault.</summary>
    public static PeerSpecification? Parse(string text, out string fault)
    {
        fault = "";
        string? alias = null;
        var rest = text.Trim();
        var equals = rest.IndexOf('=');
        if (equals >= 0)
        {
            alias = rest[..equals];
            rest = rest[(equals + 1)..];
            if (!Peers.Alias.IsValid(alias))
            {
                fault = $"'{alias}' is no alias. {Peers.Alias.Rule}";
                return null;
            }
        }

        if (Core.Identity.PeerId.TryParse(rest, out var alone))
            return new PeerSpecification(alias, alone, null);
        PeerId? peer = null;
        var at = rest.IndexOf('@');
        if (at >= 0)
        {
            if (!Core.Identity.PeerId.TryParse(rest.AsSpan(0, at), out var named))
            {
                fault = $"'{rest[..at]}' is no PeerId: 52 characters of a-z and 2-7, as 'p2pgrpc id' prints it. {Rule}";
                return null;
            }

            peer = named;
            rest = rest[(at + 1)..];
        }

        if (PeerAddress.TryParse(rest, out var address))
            return new PeerSpecification(alias, peer, address);
        fault = $"'{rest}' is no host:port. {Rule}";
        return null;
    }
}
