using System.Buffers.Binary;
using Google.Protobuf;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Encodes entries one after the other, each in the same memory. Not thread-safe.</summary>
internal sealed class EntryWriter
{
    private const int ClockLength = 1 + sizeof(ulong);
    private const byte ClockTag = (Protocol.Entry.ClockFieldNumber << 3) | 1;
    private const byte ContentTag = (Protocol.Entry.ContentFieldNumber << 3) | 2;

    private byte[] scratch = new byte[256];

    /// <summary>The length of the entry around a content.</summary>
    public static int EntryLength(int contentLength) => ClockLength + 1 + CodedOutputStream.ComputeLengthSize(contentLength) + contentLength;

    /// <summary>Writes an entry around a content that is encoded already. What is returned lasts until the next one.</summary>
    public ReadOnlySpan<byte> Write(ulong stamp, ReadOnlySpan<byte> content)
    {
        var entry = Begin(stamp, content.Length, out var at);
        content.CopyTo(entry[at..]);
        return entry;
    }

    /// <summary>Writes an entry around a content. What is returned lasts until the next one.</summary>
    public ReadOnlySpan<byte> Write(ulong stamp, Protocol.Content content)
    {
        var entry = Begin(stamp, content.CalculateSize(), out var at);
        content.WriteTo(entry[at..]);
        return entry;
    }

    private Span<byte> Begin(ulong stamp, int contentLength, out int at)
    {
        var length = EntryLength(contentLength);
        if (scratch.Length < length)
            scratch = new byte[Math.Max(length, 2 * scratch.Length)];
        var entry = scratch.AsSpan(0, length);
        entry[0] = ClockTag;
        BinaryPrimitives.WriteUInt64LittleEndian(entry[1..], stamp);
        entry[ClockLength] = ContentTag;
        at = ClockLength + 1;
        at += Varint.Write(entry[at..], (uint)contentLength);
        return entry;
    }
}
