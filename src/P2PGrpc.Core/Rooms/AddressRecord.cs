using System.Buffers.Binary;
using System.Text;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Rooms;

/// <summary>Where a member of a room listens, as it said so itself. It is signed for one room, so that nobody can show it in another and have that room's members
/// dial somebody who is not in it. Immutable.</summary>
/// <param name="Conversation">The room.</param>
/// <param name="Peer">The member.</param>
/// <param name="Sequence">Of two records of one member the one with the higher sequence counts.</param>
/// <param name="Addresses">host:port, as it wants to be dialled.</param>
/// <param name="Signature">By the member's identity.</param>
internal sealed record AddressRecord(
    ConversationId Conversation, PeerId Peer, ulong Sequence, IReadOnlyList<string> Addresses, ReadOnlyMemory<byte> Signature)
{
    /// <summary>Addresses in a record: each may be dialled.</summary>
    public const int AddressCount = 8;

    /// <summary>Characters of an address: the longest DNS name, a colon and a port.</summary>
    public const int AddressLength = 259;

    public static AddressRecord Sign(IdentityKey key, ConversationId conversation, ulong sequence, IReadOnlyList<string> addresses)
    {
        var record = new AddressRecord(conversation, key.PeerId, sequence, addresses, default);
        if (!record.IsWellFormed())
            throw new ArgumentException("An address record has a sequence and 1 to 8 addresses in printable ASCII.", nameof(addresses));
        return record with { Signature = key.Sign(record.SignedBytes()) };
    }

    /// <summary>True if the sizes fit. Says nothing of the signature.</summary>
    public bool IsWellFormed() =>
        Sequence is > 0 and < LogLimits.Sequence && Addresses.Count is > 0 and <= AddressCount && Addresses.All(IsPrintable);

    /// <summary>True if the member has signed it. Only for what is well-formed.</summary>
    public bool IsSigned() => IdentityKey.Verify(Peer, SignedBytes(), Signature.Span);

    /// <summary>"p2pgrpc/addresses/v1" ‖ conversation ‖ peer ‖ sequence (8) ‖ number of addresses (1) ‖ for each its length (2) and its ASCII bytes.</summary>
    private byte[] SignedBytes()
    {
        using var bytes = new MemoryStream();
        bytes.Write("p2pgrpc/addresses/v1"u8);
        bytes.Write(Conversation.Value.ToArray());
        bytes.Write(Peer.ToArray());
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(number, Sequence);
        bytes.Write(number);
        bytes.WriteByte((byte)Addresses.Count);
        foreach (var address in Addresses)
        {
            BinaryPrimitives.WriteUInt16BigEndian(number, (ushort)address.Length);
            bytes.Write(number[..sizeof(ushort)]);
            bytes.Write(Encoding.ASCII.GetBytes(address));
        }

        return bytes.ToArray();
    }

    private static bool IsPrintable(string address) =>
        address.Length is > 0 and <= AddressLength && address.All(character => character is > ' ' and <= '~');
}
