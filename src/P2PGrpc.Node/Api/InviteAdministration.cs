using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Invites;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Invite = P2PGrpc.Node.Invites.Invite;
using PeerTicket = P2PGrpc.Core.Invites.PeerTicket;
using TicketPeer = P2PGrpc.Core.Identity.TicketPeer;

namespace P2PGrpc.Node.Api;

/// <summary>What the owner does with invites, those given and those taken up; each change takes effect at once and is kept. Thread-safe.</summary>
/// <param name="self">This node.</param>
/// <param name="name">What it suggests to be called.</param>
/// <param name="address">This node as others dial it: host:port.</param>
/// <param name="policy">Where addresses that others name may lead.</param>
/// <param name="invites">The invites given.</param>
/// <param name="redemptions">Those taken up.</param>
/// <param name="links">Knows who is linked.</param>
/// <param name="listing">Describes peers.</param>
internal sealed class InviteAdministration(
    PeerId self, string name, string address, DialPolicy policy, InviteBook invites, Redemptions redemptions, LinkTable links, PeerListing listing)
{
    /// <param name="alias">What to call whoever comes; may be empty.</param>
    /// <param name="seconds">How long it is good for; 0 for the usual time.</param>
    /// <param name="cancellationToken">Gives up before the change is made.</param>
    /// <exception cref="PeerBookException">It can't be made.</exception>
    public async Task<CreateInviteResponse> CreateAsync(string alias, ulong seconds, CancellationToken cancellationToken)
    {
        var longest = (ulong)InviteBook.LongestLifetime.TotalSeconds;
        var lifetime = seconds == 0 ? InviteBook.DefaultLifetime : TimeSpan.FromSeconds(Math.Min(seconds, longest + 1));
        var (invite, secret) = await invites.CreateAsync(alias, lifetime, cancellationToken).ConfigureAwait(false);
        // What this node suggests to be called is no alias where it has capitals or dots, as machines' names do.
        var ticket = new PeerTicket(secret, Alias.IsValid(name) ? name : "", new TicketPeer(self, [address]));
        return new CreateInviteResponse { Invite = Describe(invite), Ticket = ticket.ToText() };
    }

    public IEnumerable<Protocol.Invite> List() => invites.List().Select(Describe);

    /// <exception cref="PeerBookException">No invite is meant, or several are.</exception>
    public async Task<Protocol.Invite> RevokeAsync(string text, CancellationToken cancellationToken) =>
        Describe(await invites.RevokeAsync(text, cancellationToken).ConfigureAwait(false));

    /// <exception cref="PeerBookException">The ticket is none, or of this node itself, or the alias is none or taken.</exception>
    public async Task<Peer> RedeemAsync(string text, string alias, CancellationToken cancellationToken)
    {
        var ticket = PeerTicket.Parse(text, out var fault) ?? throw new PeerBookException(PeerBookFault.InvalidTicket, fault);
        var inviter = ticket.Inviter.PeerId;
        if (inviter == self)
            throw new PeerBookException(PeerBookFault.InvalidTicket, "This invite is of this node itself: give it to another node's owner.");
        var allowed = PeerAddress.ParseNamedByOthers(ticket.Inviter.Addresses).Where(IsAllowed).Select(place => place.ToString()).ToList();
        if (allowed.Count == 0)
            throw new PeerBookException(PeerBookFault.InvalidTicket, "The ticket holds no address at which the inviter could be dialled. Ask for another one.");
        if (alias.Length > 0 && !Alias.IsValid(alias))
            throw new PeerBookException(PeerBookFault.InvalidAlias, $"'{DisplayText.Clean(alias, 60)}' is no alias. {Alias.Rule}");
        var record = await redemptions.AddAsync(ticket with { Inviter = ticket.Inviter with { Addresses = allowed } }, alias, cancellationToken).ConfigureAwait(false);
        // Only a Hello shows an invite: where the two are linked for a room alone, another link must begin.
        if (links.Find(inviter) is { } session && !session.Sharing.Shared.Contains(session.Sharing.Direct))
            session.Close(GoodbyeReason.SharedAgain, "An invite is redeemed: on a new link.");
        return listing.Describe(record);
    }

    private bool IsAllowed(PeerAddress place) => !System.Net.IPAddress.TryParse(place.Host, out var literal) || policy.Allows(literal);

    private Protocol.Invite Describe(Invite invite) => new()
    {
        Id = invite.Id.ToString(),
        Alias = invite.Alias,
        ExpiresAfterSeconds = (ulong)Math.Ceiling(invites.Remaining(invite).TotalSeconds),
    };
}
