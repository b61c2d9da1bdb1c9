using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Between rows of the segment table and headers and bodies. What comes out of a row has passed its hashes; SQLite itself
/// does not see a flipped bit.</summary>
internal static class SegmentRow
{
    /// <summary>The columns that the methods here expect, from <c>offset</c> on.</summary>
    public const string Columns = "s.position, s.first_sequence, s.count, s.hash, s.header, s.body";

    /// <summary>The columns without the body.</summary>
    public const string HeaderColumns = "s.position, s.first_sequence, s.count, s.hash, s.header";

    private const int HashColumn = 3;
    private const int HeaderColumn = 4;
    private const int BodyColumn = 5;

    public static ulong ReadPosition(SqliteDataReader row, int offset = 0) => ReadUnsigned(row, offset);

    public static ulong ReadUnsigned(SqliteDataReader row, int column) => row.GetValue(column) is long value ? unchecked((ulong)value) : 0;

    /// <summary>The header, or null if it is not what was stored.</summary>
    public static SegmentHeader? ReadHeader(SqliteDataReader row, int offset = 0)
    {
        var header = Decode(row, offset);
        return header is not null
            && ReadBytes32(row, offset + HashColumn) == header.Hash
            && ReadUnsigned(row, offset + 1) == header.FirstSequence
            && ReadUnsigned(row, offset + 2) == (ulong)header.Count
            ? header
            : null;
    }

    /// <summary>The body, or that it was erased; null if neither is what belongs to the header.</summary>
    public static StoredBody? ReadBody(SqliteDataReader row, SegmentHeader header) => row.GetValue(BodyColumn) switch
    {
        byte[] body when SegmentVerification.BodyMatches(header, body) => new StoredBody(body, Erased: false),
        long mark when mark == StoredBody.MakeMark(header) => new StoredBody(default, Erased: true),
        _ => null,
    };

    /// <summary>What the segment weighs as it lies here, without reading its body.</summary>
    public static int Weigh(SqliteDataReader row, SegmentHeader header) =>
        row.GetFieldType(BodyColumn) == typeof(long) ? header.BareWeight : header.Weight;

    /// <summary>The head that a log has with this row as its last. The columns and the signed header are two witnesses: where they differ, a
    /// header whose signature holds is believed, else the columns. Null only if both are unreadable.</summary>
    public static Head? ReadHead(SqliteDataReader row, int offset = 0)
    {
        var header = Decode(row, offset);
        var hash = ReadBytes32(row, offset + HashColumn);
        var first = ReadUnsigned(row, offset + 1);
        var count = ReadUnsigned(row, offset + 2);
        Head? columns = hash is { } value && first > 0 && count is > 0 and <= LogLimits.EntryCount ? new Head(first + count - 1, value) : null;
        if (header is null || header.Head == columns)
            return columns;
        return SegmentVerification.FindFault(header) is null ? header.Head : columns;
    }

    public static Bytes32? ReadBytes32(SqliteDataReader row, int column) =>
        row.GetValue(column) is byte[] bytes && Bytes32.TryRead(bytes, out var value) ? value : null;

    public static byte[] Encode(SegmentHeader header) => SegmentCodec.Write(header).ToByteArray();

    public static SegmentHeader? Decode(byte[] encoded)
    {
        try
        {
            return SegmentCodec.Read(Protocol.SegmentHeader.Parser.ParseFrom(encoded));
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>The bytes as an array, copied only if they are part of a larger one.</summary>
    public static byte[] ToArray(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Offset == 0 && segment.Array!.Length == bytes.Length
            ? segment.Array
            : bytes.ToArray();

    private static SegmentHeader? Decode(SqliteDataReader row, int offset) =>
        row.GetValue(offset + HeaderColumn) is byte[] encoded ? Decode(encoded) : null;
}
