using Google.Protobuf;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Rooms;

/// <summary>A room's ticket: what is handed from hand to hand, and makes a member of whoever holds it. Its text begins with "room-". Immutable.</summary>
internal sealed record RoomTicket(RoomSecret Secret, string Name, IReadOnlyList<TicketPeer> Peers)
{
    /// <summary>Peers in a ticket: it is short, and each peer is dialled.</summary>
    public const int PeerCount = 8;

    private const string Prefix = "room-";

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text, see <see cref="TicketText"/>.</param>
    /// <param name="fault">What is wrong, or empty.</param>
    public static RoomTicket? Parse(string text, out string fault)
    {
        const string noTicket = "This is no room's ticket: that begins with 'room-', and 'p2pgrpc room ticket ROOM' prints it.";
        if (TicketText.Read(text, Prefix, noTicket, out fault) is not { } encoded)
            return null;
        var ticket = Read(encoded);
        fault = ticket is null ? "The ticket holds no room." : "";
        return ticket;
    }

    /// <summary>The text. It holds the secret, and is for nobody but the owner.</summary>
    public string ToText()
    {
        var message = new Protocol.RoomTicket { Secret = ByteString.CopyFrom(Secret.ToArray()), Name = Name };
        message.Peers.Add(Peers.Select(peer => peer.ToMessage()));
        return TicketText.Write(Prefix, message.ToByteArray());
    }

    /// <summary>Nothing of what is secret, wherever it may come to be written.</summary>
    public override string ToString() => $"a ticket of room {Secret.Conversation}";

    private static RoomTicket? Read(ReadOnlySpan<byte> encoded)
    {
        try
        {
            var message = Protocol.RoomTicket.Parser.ParseFrom(encoded);
            if (message.Secret.Length != RoomSecret.Length || message.Peers.Count > PeerCount)
                return null;
            var peers = message.Peers.Select(TicketPeer.Read).OfType<TicketPeer>().ToList();
            return peers.Count == message.Peers.Count ? new RoomTicket(new RoomSecret(message.Secret.Span), message.Name, peers) : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
