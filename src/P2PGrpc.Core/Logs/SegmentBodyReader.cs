using Google.Protobuf;

namespace P2PGrpc.Core.Logs;

/// <summary>Takes a segment's body apart. What does not parse is left out, never refused: its sequence has no message.</summary>
internal static class SegmentBodyReader
{
    /// <summary>The entries by their offset from the segment's first sequence; null where one does not parse. As long as the header's count.</summary>
    public static Protocol.Entry?[] Read(SegmentHeader header, ReadOnlyMemory<byte> body) =>
        header.Cipher == 0 ? Read(body, header.Count) : new Protocol.Entry?[header.Count];

    /// <summary>One entry by its offset from the segment's first sequence; null if it does not parse.</summary>
    public static Protocol.Entry? ReadOne(SegmentHeader header, ReadOnlyMemory<byte> body, int index)
    {
        var rest = body.Span;
        for (; header.Cipher == 0 && TryTakeEntry(ref rest, out var encoded); index--)
            if (index == 0)
                return TryParse(encoded);
        return null;
    }

    /// <summary>How many entries a body has, whether they parse or not.</summary>
    public static int Count(ReadOnlySpan<byte> body)
    {
        var count = 0;
        while (TryTakeEntry(ref body, out _))
            count++;
        return count;
    }

    /// <summary>The first entries of a body that nobody has signed; null where one is missing or does not parse.</summary>
    public static Protocol.Entry?[] Read(ReadOnlyMemory<byte> body, int count)
    {
        // All at once is faster than one by one. But what else a body holds would be kept, and may be far more than the entries that are asked for.
        if (HoldsOnlyEntries(body.Span, count) && TryParseAll(body.Span) is { } all)
            return all;
        var entries = new Protocol.Entry?[count];
        var rest = body.Span;
        for (var index = 0; index < entries.Length && TryTakeEntry(ref rest, out var encoded); index++)
            entries[index] = TryParse(encoded);
        return entries;
    }

    private static bool HoldsOnlyEntries(ReadOnlySpan<byte> body, int count)
    {
        for (; count > 0; count--)
        {
            var length = body.Length;
            if (!TryTakeEntry(ref body, out var entry) || length - body.Length != SegmentBodyBuilder.EncodedLength(entry.Length))
                return false;
        }

        return body.IsEmpty;
    }

    private static Protocol.Entry[]? TryParseAll(ReadOnlySpan<byte> body)
    {
        try
        {
            return [.. Protocol.SegmentBody.Parser.ParseFrom(body).Entries];
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static Protocol.Entry? TryParse(ReadOnlySpan<byte> encoded)
    {
        try
        {
            return Protocol.Entry.Parser.ParseFrom(encoded);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>Takes the next entry off the front, over fields of later versions. False at the end, and where the body is cut or malformed.</summary>
    private static bool TryTakeEntry(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> entry)
    {
        entry = default;
        while (Varint.TryTake(ref rest, out var tag))
        {
            var isEntry = tag >> 3 == Protocol.SegmentBody.EntriesFieldNumber;
            ulong length;
            switch (tag & 7)
            {
                case 0 when Varint.TryTake(ref rest, out _):
                    continue;
                case 1:
                    length = 8;
                    break;
                case 5:
                    length = 4;
                    break;
                case 2 when Varint.TryTake(ref rest, out length):
                    break;
                default:
                    return false;
            }

            if (length > (ulong)rest.Length)
                return false;
            entry = rest[..(int)length];
            rest = rest[(int)length..];
            if (isEntry && (tag & 7) == 2)
                return true;
        }

        return false;
    }
}
