using System.Buffers.Binary;
using System.Security.Cryptography;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Logs;

/// <summary>Everything of a segment but its body. Immutable. It says nothing of whether the signature holds: see <see cref="SegmentVerification"/>.</summary>
internal sealed class SegmentHeader
{
    private SegmentHeader(
        LogKey log, LogId logId, Bytes32 previous, ulong firstSequence, int count, byte cipher, uint keyId,
        int bodyLength, Bytes32 bodyHash, byte[] opening, byte[] signature, Bytes32 hash)
    {
        Log = log;
        LogId = logId;
        Previous = previous;
        FirstSequence = firstSequence;
        Count = count;
        Cipher = cipher;
        KeyId = keyId;
        BodyLength = bodyLength;
        BodyHash = bodyHash;
        Opening = opening;
        Signature = signature;
        Hash = hash;
    }

    public LogKey Log { get; }

    public LogId LogId { get; }

    public Bytes32 Previous { get; }

    public ulong FirstSequence { get; }

    public int Count { get; }

    public byte Cipher { get; }

    public uint KeyId { get; }

    public int BodyLength { get; }

    public Bytes32 BodyHash { get; }

    public ReadOnlyMemory<byte> Opening { get; }

    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The chain hash, which is what the author signs.</summary>
    public Bytes32 Hash { get; }

    public ulong LastSequence => FirstSequence + (ulong)Count - 1;

    /// <summary>The log's head once this segment is in it.</summary>
    public Head Head => new(LastSequence, Hash);

    /// <summary>Where in the log this segment says that it belongs.</summary>
    public Head After => new(FirstSequence - 1, Previous);

    /// <summary>What the segment counts for in credit, in bytes.</summary>
    public int Weight => BodyLength + BareWeight;

    /// <summary>The same where its body has been erased.</summary>
    public int BareWeight => Opening.Length + LogLimits.HeaderWeight;

    /// <summary>Makes a header from what arrived or was stored. The caller has checked sizes (<see cref="SegmentCodec"/> does).</summary>
    public static SegmentHeader FromParts(
        LogKey log, Bytes32 previous, ulong firstSequence, int count, byte cipher, uint keyId,
        int bodyLength, Bytes32 bodyHash, byte[] opening, byte[] signature)
    {
        var logId = log.ToLogId();
        var hash = ComputeHash(logId, previous, firstSequence, count, cipher, keyId, bodyLength, bodyHash, opening);
        return new SegmentHeader(log, logId, previous, firstSequence, count, cipher, keyId, bodyLength, bodyHash, opening, signature, hash);
    }

    /// <summary>Signs a new segment in clear that follows <paramref name="after"/>.</summary>
    public static SegmentHeader Sign(IdentityKey author, LogKey log, Head after, int count, ReadOnlySpan<byte> body, byte[] opening)
    {
        var logId = log.ToLogId();
        Span<byte> bodyHash = stackalloc byte[Bytes32.Length];
        SHA256.HashData(body, bodyHash);
        var bodyHashValue = Bytes32.Read(bodyHash);
        var hash = ComputeHash(logId, after.Hash, after.Sequence + 1, count, cipher: 0, keyId: 0, body.Length, bodyHashValue, opening);
        Span<byte> signed = stackalloc byte[Bytes32.Length];
        hash.Write(signed);
        return new SegmentHeader(
            log, logId, after.Hash, after.Sequence + 1, count, 0, 0, body.Length, bodyHashValue, opening, author.Sign(signed), hash);
    }

    private static Bytes32 ComputeHash(
        LogId logId, Bytes32 previous, ulong firstSequence, int count, byte cipher, uint keyId,
        int bodyLength, Bytes32 bodyHash, ReadOnlySpan<byte> opening)
    {
        var label = "p2pgrpc/segment/v1"u8;
        Span<byte> input = stackalloc byte[label.Length + 4 * Bytes32.Length + 8 + 4 + 1 + 4 + 4];
        label.CopyTo(input);
        var rest = input[label.Length..];
        logId.Value.Write(rest);
        previous.Write(rest[32..]);
        BinaryPrimitives.WriteUInt64BigEndian(rest[64..], firstSequence);
        BinaryPrimitives.WriteUInt32BigEndian(rest[72..], (uint)count);
        rest[76] = cipher;
        BinaryPrimitives.WriteUInt32BigEndian(rest[77..], keyId);
        BinaryPrimitives.WriteUInt32BigEndian(rest[81..], (uint)bodyLength);
        bodyHash.Write(rest[85..]);
        SHA256.HashData(opening, rest[117..]);
        Span<byte> hash = stackalloc byte[Bytes32.Length];
        SHA256.HashData(input, hash);
        return Bytes32.Read(hash);
    }
}
