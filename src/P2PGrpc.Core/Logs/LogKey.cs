using System.Buffers.Binary;
using System.Security.Cryptography;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Logs;

/// <summary>What a log is: one epoch of one author in one conversation.</summary>
internal readonly record struct LogKey(ConversationId Conversation, PeerId Author, ulong Epoch)
{
    /// <summary>The genesis hash, which names the log.</summary>
    public LogId ToLogId()
    {
        var label = "p2pgrpc/log/v1"u8;
        Span<byte> input = stackalloc byte[label.Length + 2 * Bytes32.Length + sizeof(ulong)];
        label.CopyTo(input);
        var rest = input[label.Length..];
        Conversation.Value.Write(rest);
        Author.Value.Write(rest[Bytes32.Length..]);
        BinaryPrimitives.WriteUInt64BigEndian(rest[(2 * Bytes32.Length)..], Epoch);
        Span<byte> hash = stackalloc byte[Bytes32.Length];
        SHA256.HashData(input, hash);
        return new LogId(Bytes32.Read(hash));
    }
}
