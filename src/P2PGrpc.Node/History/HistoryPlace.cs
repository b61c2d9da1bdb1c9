using System.Buffers.Binary;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.History;

/// <summary>Where a message stands in the order of its conversation: by clock, author, epoch and sequence, which is the same at all nodes. Of the author's id eight bytes
/// count, and of the LogId as many, so that no two places are the same. As text 64 characters of base32.</summary>
internal readonly record struct HistoryPlace(ulong Clock, ulong Author, ulong Epoch, ulong Sequence, ulong Log) : IComparable<HistoryPlace>
{
    private const int Length = 5 * sizeof(ulong);

    /// <summary>Before all messages.</summary>
    public static HistoryPlace Beginning => default;

    /// <summary>Behind all messages.</summary>
    public static HistoryPlace End => new(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);

    /// <summary>Before all messages of this time and later.</summary>
    public static HistoryPlace Before(ulong milliseconds) => new(Math.Min(milliseconds, ulong.MaxValue >> 16) << 16, 0, 0, 0, 0);

    /// <summary>The place of an entry in a segment.</summary>
    public static HistoryPlace Of(SegmentHeader header, int index, ulong clock) =>
        new(clock, header.Log.Author.Value.Prefix, header.Log.Epoch, header.FirstSequence + (ulong)index, header.LogId.Value.Prefix);

    /// <summary>An unsigned number as the signed one that SQLite sorts alike.</summary>
    public static long ToColumn(ulong number) => unchecked((long)(number ^ (1UL << 63)));

    /// <summary>The other way round.</summary>
    public static ulong FromColumn(long column) => unchecked((ulong)column) ^ (1UL << 63);

    /// <summary>Reads the text form. False for anything else.</summary>
    public static bool TryParse(string text, out HistoryPlace place)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var parsed = Base32.TryDecode(text, bytes);
        place = parsed ? new HistoryPlace(Read(bytes, 0), Read(bytes, 1), Read(bytes, 2), Read(bytes, 3), Read(bytes, 4)) : default;
        return parsed;
    }

    /// <summary>The order of the index.</summary>
    public int CompareTo(HistoryPlace other) =>
        (Clock, Author, Epoch, Sequence, Log).CompareTo((other.Clock, other.Author, other.Epoch, other.Sequence, other.Log));

    /// <summary>The text form.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Clock);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Author);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], Sequence);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[32..], Log);
        return Base32.Encode(bytes);
    }

    private static ulong Read(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadUInt64BigEndian(bytes[(index * sizeof(ulong))..]);
}
