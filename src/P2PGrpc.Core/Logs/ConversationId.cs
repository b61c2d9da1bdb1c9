using System.Security.Cryptography;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Logs;

/// <summary>Where messages go. As text 52 characters of lower-case base32.</summary>
public readonly record struct ConversationId
{
    internal ConversationId(Bytes32 value) => Value = value;

    internal Bytes32 Value { get; }

    /// <summary>The conversation of two peers, the same whichever is named first. With the same peer twice: its notes to itself.</summary>
    public static ConversationId Direct(PeerId one, PeerId other)
    {
        var label = "p2pgrpc/direct/v1"u8;
        Span<byte> input = stackalloc byte[label.Length + 2 * Bytes32.Length];
        label.CopyTo(input);
        var (smaller, larger) = one <= other ? (one, other) : (other, one);
        smaller.Value.Write(input[label.Length..]);
        larger.Value.Write(input[(label.Length + Bytes32.Length)..]);
        Span<byte> hash = stackalloc byte[Bytes32.Length];
        SHA256.HashData(input, hash);
        return new ConversationId(Bytes32.Read(hash));
    }

    internal static bool TryRead(ReadOnlySpan<byte> bytes, out ConversationId conversation)
    {
        var read = Bytes32.TryRead(bytes, out var value);
        conversation = new ConversationId(value);
        return read;
    }

    /// <summary>The text form.</summary>
    public override string ToString() => Value.ToString();
}
