using System.Buffers.Binary;
using System.Security.Cryptography;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>What stands in a segment's row for its body: the bytes, or the mark that they were erased.</summary>
/// <param name="Bytes">The body; none where it was erased.</param>
/// <param name="Erased">True if it was erased on purpose.</param>
internal readonly record struct StoredBody(ReadOnlyMemory<byte> Bytes, bool Erased)
{
    /// <summary>As it goes to the replicator.</summary>
    public BodyHandle ToHandle() => Erased ? new ErasedBody() : new SegmentBytes(Bytes);

    /// <summary>The mark in place of an erased body. It is a number, where a body is a blob, and follows from the hash of its segment: no flipped bit makes one, and none
    /// is good in another row. With eight bytes it takes less room than any body, so that erasing never makes a page overflow.</summary>
    public static long MakeMark(SegmentHeader header)
    {
        var label = "p2pgrpc/erased/v1"u8;
        Span<byte> input = stackalloc byte[label.Length + Bytes32.Length];
        label.CopyTo(input);
        header.Hash.Write(input[label.Length..]);
        return BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(input));
    }
}
