using System.Security.Cryptography;
using Google.Protobuf;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Rooms;

/// <summary>A member that a ticket leads to.</summary>
internal sealed record TicketPeer(PeerId PeerId, IReadOnlyList<string> Addresses);

/// <summary>A room's ticket: what is handed from hand to hand, and makes a member of whoever holds it. As text "room-" and the base32 of
/// version (1) ‖ an encoded RoomTicket ‖ the first 4 bytes of the SHA-256 of both. Immutable.</summary>
internal sealed record RoomTicket(RoomSecret Secret, string Name, IReadOnlyList<TicketPeer> Peers)
{
    /// <summary>Characters of a text, at most: what is longer can't be a ticket.</summary>
    public const int TextLength = 4000;

    /// <summary>Peers in a ticket, and addresses of each: a ticket is short, and each address is dialled.</summary>
    public const int PeerCount = 8;

    private const string Prefix = "room-";
    private const byte Version = 1;
    private const int CheckLength = 4;

    /// <summary>Reads a text. Upper case and white space in it don't matter: it may have come from a QR code or over several lines.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fault">What is wrong, or empty.</param>
    public static RoomTicket? Parse(string text, out string fault)
    {
        fault = "This is no room's ticket: that begins with 'room-', and 'p2pgrpc room ticket ROOM' prints it.";
        if (text.Length > TextLength)
            return null;
        var compact = string.Concat(text.Where(character => !char.IsWhiteSpace(character))).ToLowerInvariant();
        if (!compact.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        var encoded = compact.AsSpan(Prefix.Length);
        var bytes = new byte[encoded.Length * 5 / 8];
        fault = "The ticket is not whole, or a character of it is wrong: copy it once more.";
        if (!Base32.TryDecode(encoded, bytes))
            return null;
        if (bytes.Length <= 1 + CheckLength || !Check(bytes.AsSpan(..^CheckLength)).AsSpan().SequenceEqual(bytes.AsSpan(^CheckLength..)))
            return null;
        if (bytes[0] != Version)
        {
            fault = "The ticket is of a newer version than this program.";
            return null;
        }

        fault = "The ticket holds no room.";
        return Read(bytes.AsSpan(1..^CheckLength)) is { } ticket && (fault = "").Length == 0 ? ticket : null;
    }

    /// <summary>The text. It holds the secret, and is for nobody but the owner.</summary>
    public string ToText()
    {
        var message = new Protocol.RoomTicket { Secret = ByteString.CopyFrom(Secret.ToArray()), Name = Name };
        foreach (var peer in Peers)
            message.Peers.Add(new Protocol.TicketPeer { PeerId = ByteString.CopyFrom(peer.PeerId.ToArray()), Addresses = { peer.Addresses } });
        byte[] said = [Version, .. message.ToByteArray()];
        return Prefix + Base32.Encode([.. said, .. Check(said)]);
    }

    /// <summary>Nothing of what is secret, wherever it may come to be written.</summary>
    public override string ToString() => $"a ticket of room {Secret.Conversation}";

    private static byte[] Check(ReadOnlySpan<byte> said) => SHA256.HashData(said)[..CheckLength];

    private static RoomTicket? Read(ReadOnlySpan<byte> encoded)
    {
        try
        {
            var message = Protocol.RoomTicket.Parser.ParseFrom(encoded);
            if (message.Secret.Length != RoomSecret.Length || message.Peers.Count > PeerCount)
                return null;
            var peers = new List<TicketPeer>();
            foreach (var peer in message.Peers)
            {
                if (!PeerId.TryRead(peer.PeerId.Span, out var id) || peer.Addresses.Count > PeerCount)
                    return null;
                peers.Add(new TicketPeer(id, [.. peer.Addresses]));
            }

            return new RoomTicket(new RoomSecret(message.Secret.Span), message.Name, peers);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
