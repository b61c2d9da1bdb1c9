using System.Buffers.Binary;
using System.Security.Cryptography;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>Through where everything that a peer told is held here. It counts only within the process that told it, and where the same conversations are
/// shared: another process may have begun from an older database, and of a conversation that was not shared nothing was told.</summary>
/// <param name="Instance">The process that told it.</param>
/// <param name="Position">A position of its feed.</param>
/// <param name="Scope">Which conversations were shared, by <see cref="ComputeScope"/>.</param>
internal readonly record struct HeardPosition(ulong Instance, ulong Position, ulong Scope)
{
    /// <summary>Names a set of conversations: the first 8 bytes of SHA-256("p2pgrpc/scope/v1" ‖ their ids in the order of their bytes).</summary>
    public static ulong ComputeScope(IEnumerable<ConversationId> conversations)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("p2pgrpc/scope/v1"u8);
        foreach (var conversation in conversations.OrderBy(conversation => conversation.Value))
            hash.AppendData(conversation.Value.ToArray());
        return BinaryPrimitives.ReadUInt64BigEndian(hash.GetHashAndReset());
    }
}
