using Google.Protobuf;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Invites;

/// <summary>An invite's ticket: it leads to the node that gave it, and lets one node in there, once. Its text begins with "peer-". Immutable.</summary>
/// <param name="Secret">What is proved to the inviter.</param>
/// <param name="Name">The alias that the inviter proposes for itself; may be empty.</param>
/// <param name="Inviter">Who gave it, and where it is dialled.</param>
internal sealed record PeerTicket(InviteSecret Secret, string Name, TicketPeer Inviter)
{
    private const string Prefix = "peer-";

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text, see <see cref="TicketText"/>.</param>
    /// <param name="fault">What is wrong, or empty.</param>
    public static PeerTicket? Parse(string text, out string fault)
    {
        const string noTicket = "This is no invite's ticket: that begins with 'peer-', and 'p2pgrpc invite' prints it.";
        if (TicketText.Read(text, Prefix, noTicket, out fault) is not { } encoded)
            return null;
        var ticket = Read(encoded);
        fault = ticket is null ? "The ticket holds no invite." : "";
        return ticket;
    }

    /// <summary>The text. It holds the secret, and is for nobody but who is invited.</summary>
    public string ToText() => TicketText.Write(Prefix, new Protocol.PeerTicket
    {
        Secret = ByteString.CopyFrom(Secret.ToArray()),
        Name = Name,
        Inviter = Inviter.ToMessage(),
    }.ToByteArray());

    /// <summary>Nothing of what is secret, wherever it may come to be written.</summary>
    public override string ToString() => $"a ticket of invite {Secret.Invite} by {Inviter.PeerId}";

    private static PeerTicket? Read(ReadOnlySpan<byte> encoded)
    {
        try
        {
            var message = Protocol.PeerTicket.Parser.ParseFrom(encoded);
            return message.Secret.Length == InviteSecret.Length && TicketPeer.Read(message.Inviter) is { } inviter
                ? new PeerTicket(new InviteSecret(message.Secret.Span), message.Name, inviter)
                : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
