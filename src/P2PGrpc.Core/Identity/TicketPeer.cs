using Google.Protobuf;

namespace P2PGrpc.Core.Identity;

/// <summary>A peer that a ticket leads to. Immutable.</summary>
internal sealed record TicketPeer(PeerId PeerId, IReadOnlyList<string> Addresses)
{
    /// <summary>Addresses in a ticket: it is short, and each address is dialled.</summary>
    public const int AddressCount = 8;

    /// <summary>Null for what is no peer, or has too many addresses. The addresses may be any texts.</summary>
    public static TicketPeer? Read(Protocol.TicketPeer? message) =>
        message is not null && PeerId.TryRead(message.PeerId.Span, out var peer) && message.Addresses.Count <= AddressCount
            ? new TicketPeer(peer, [.. message.Addresses])
            : null;

    public Protocol.TicketPeer ToMessage() => new() { PeerId = ByteString.CopyFrom(PeerId.ToArray()), Addresses = { Addresses } };
}
