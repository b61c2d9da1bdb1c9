using Google.Protobuf;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Delivery;

/// <summary>A MessageBatch in its encoded form: fields that are encoded already, and a segment's body whose entries become its messages. Both are repeated fields
/// of the same type, so only the tag of each differs.</summary>
/// <param name="Head">The encoded fields; all of them where there is no body.</param>
/// <param name="Body">A body of simple entries.</param>
internal readonly record struct EncodedBatch(byte[] Head, ReadOnlyMemory<byte> Body)
{
    private const byte EntriesTag = (SegmentBody.EntriesFieldNumber << 3) | 2;
    private const byte MessagesTag = (MessageBatch.MessagesFieldNumber << 3) | 2;
    private const byte BatchesTag = (SubscribeResponse.BatchesFieldNumber << 3) | 2;

    /// <summary>Bytes as a field of a SubscribeResponse.</summary>
    public int FieldLength => 1 + CodedOutputStream.ComputeLengthSize(Length) + Length;

    private int Length => Head.Length + Body.Length;

    /// <summary>True if a body is nothing but simple entries, this many.</summary>
    public static bool IsSimple(ReadOnlySpan<byte> body, int expected, out ulong clock)
    {
        clock = 0;
        var rest = body;
        var count = 0;
        for (; !rest.IsEmpty; count++)
        {
            if (rest[0] != EntriesTag)
                return false;
            rest = rest[1..];
            if (!EncodedContent.TryTake(ref rest, out var entry) || !EncodedContent.IsSimpleEntry(entry, out var stamp))
                return false;
            clock = Math.Max(clock, stamp);
        }

        return count == expected;
    }

    /// <summary>Writes it as a field of a SubscribeResponse.</summary>
    public void WriteTo(Span<byte> target)
    {
        target[0] = BatchesTag;
        var at = 1 + Varint.Write(target[1..], (uint)Length);
        Head.CopyTo(target[at..]);
        var messages = target.Slice(at + Head.Length, Body.Length);
        Body.Span.CopyTo(messages);
        ReadOnlySpan<byte> rest = messages;
        while (!rest.IsEmpty)
        {
            messages[^rest.Length] = MessagesTag;
            rest = rest[1..];
            EncodedContent.TryTake(ref rest, out _);
        }
    }
}
