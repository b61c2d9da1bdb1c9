using System.Buffers.Binary;

namespace P2PGrpc.Core.Identity;

/// <summary>Thirty-two bytes by value: the content of keys, hashes and identifiers. Compares as the bytes do.</summary>
internal readonly record struct Bytes32(ulong A, ulong B, ulong C, ulong D) : IComparable<Bytes32>
{
    public const int Length = 32;

    /// <exception cref="ArgumentException">The span is not 32 bytes long.</exception>
    public static Bytes32 Read(ReadOnlySpan<byte> bytes) => bytes.Length == Length
        ? new Bytes32(
            BinaryPrimitives.ReadUInt64BigEndian(bytes),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]))
        : throw new ArgumentException($"Expected {Length} bytes, got {bytes.Length}.", nameof(bytes));

    public static bool TryRead(ReadOnlySpan<byte> bytes, out Bytes32 value)
    {
        value = bytes.Length == Length ? Read(bytes) : default;
        return bytes.Length == Length;
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, A);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], D);
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        Write(bytes);
        return bytes;
    }

    /// <summary>The first eight bytes, for cursors' check values.</summary>
    public ulong Prefix => A;

    public int CompareTo(Bytes32 other) =>
        A != other.A ? A.CompareTo(other.A) :
        B != other.B ? B.CompareTo(other.B) :
        C != other.C ? C.CompareTo(other.C) :
        D.CompareTo(other.D);

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes);
        return Base32.Encode(bytes);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out Bytes32 value)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var parsed = Base32.TryDecode(text, bytes);
        value = parsed ? Read(bytes) : default;
        return parsed;
    }
}
