using System.Text.Unicode;
using Google.Protobuf;
using P2PGrpc.Core.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Conversations;

/// <summary>Looks at contents and entries in their encoded form. Most hold a text and nothing else, or data and its content type: those are told apart without
/// making objects of them. Whatever else there is goes the long way, through the parser. Pure.</summary>
internal static class EncodedContent
{
    private const byte TextTag = (Content.TextFieldNumber << 3) | 2;
    private const byte DataTag = (Content.DataFieldNumber << 3) | 2;
    private const byte ContentTypeTag = (Content.ContentTypeFieldNumber << 3) | 2;
    private const byte ClockTag = (Entry.ClockFieldNumber << 3) | 1;
    private const byte ContentTag = (Entry.ContentFieldNumber << 3) | 2;
    private const int ContentOffset = 1 + sizeof(ulong);

    /// <summary>True for an encoded Content of one of the two simple forms that <see cref="ContentRule"/> has nothing against. False says nothing.</summary>
    public static bool IsSimple(ReadOnlySpan<byte> content)
    {
        if (content.Length < 2)
            return false;
        var tag = content[0];
        var rest = content[1..];
        if (tag is not (TextTag or DataTag) || !TryTake(ref rest, out var body) || body.Length is 0 or > ContentLimits.BodyLength)
            return false;
        if (tag == TextTag)
            return rest.IsEmpty && Utf8.IsValid(body);
        if (rest.IsEmpty || rest[0] != ContentTypeTag)
            return false;
        rest = rest[1..];
        return TryTake(ref rest, out var type) && rest.IsEmpty && type.Length is > 0 and <= ContentLimits.ContentTypeLength && !type.ContainsAnyExceptInRange((byte)' ', (byte)'~');
    }

    /// <summary>True for an encoded Entry of a clock and a simple content, as the log writer makes them. False says nothing.</summary>
    public static bool IsSimpleEntry(ReadOnlySpan<byte> entry, out ulong clock)
    {
        clock = 0;
        if (entry.Length < ContentOffset + 2 || entry[0] != ClockTag || entry[ContentOffset] != ContentTag)
            return false;
        clock = BitConverter.ToUInt64(entry[1..ContentOffset]);
        var rest = entry[(ContentOffset + 1)..];
        return TryTake(ref rest, out var content) && rest.IsEmpty && IsSimple(content);
    }

    /// <summary>Takes a length and so many bytes off the front. False where the length is written in more bytes than it needs: what is passed on as it came must be
    /// read by every parser, and some refuse that.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        var before = rest.Length;
        if (!Varint.TryTake(ref rest, out var length) || length > (ulong)rest.Length || before - rest.Length != CodedOutputStream.ComputeLengthSize((int)length))
            return false;
        bytes = rest[..(int)length];
        rest = rest[(int)length..];
        return true;
    }
}
