using System.Buffers;
using Google.Protobuf;

namespace P2PGrpc.Core.Logs;

/// <summary>Gathers encoded entries into a segment's body (the bytes of a SegmentBody) as long as they fit. Not thread-safe.</summary>
internal sealed class SegmentBodyBuilder
{
    private const byte EntriesTag = (Protocol.SegmentBody.EntriesFieldNumber << 3) | 2;

    private readonly ArrayBufferWriter<byte> body = new();

    public int Count { get; private set; }

    /// <summary>Bytes of the body so far.</summary>
    public int Length => body.WrittenCount;

    /// <summary>How many bytes of a body an entry of this length takes.</summary>
    public static int EncodedLength(int entryLength) => 1 + CodedOutputStream.ComputeLengthSize(entryLength) + entryLength;

    /// <summary>False, and nothing added, if the entry does not fit this segment any more.</summary>
    public bool TryAdd(ReadOnlySpan<byte> entry)
    {
        if (Count == LogLimits.EntryCount || body.WrittenCount + EncodedLength(entry.Length) > LogLimits.BodyLength)
            return false;
        var span = body.GetSpan(EncodedLength(entry.Length));
        span[0] = EntriesTag;
        var at = 1 + Varint.Write(span[1..], (uint)entry.Length);
        entry.CopyTo(span[at..]);
        body.Advance(at + entry.Length);
        Count++;
        return true;
    }

    /// <summary>The body so far, in an array of its own. The builder is empty afterwards.</summary>
    public byte[] Build()
    {
        var bytes = body.WrittenSpan.ToArray();
        body.ResetWrittenCount();
        Count = 0;
        return bytes;
    }
}
