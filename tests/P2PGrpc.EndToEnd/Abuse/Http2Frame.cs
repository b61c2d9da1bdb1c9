using System.Buffers.Binary;
using System.Text;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>The types of HTTP/2 frames (RFC 9113, section 6).</summary>
internal enum Http2FrameType : byte
{
    Data = 0,
    Headers = 1,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// <summary>HTTP/2 frames by hand, right or wrong.</summary>
internal static class Http2Frame
{
    public const byte EndStream = 1;
    public const byte Acknowledge = 1;
    public const byte EndHeaders = 4;
    public const int HeaderLength = 9;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public static byte[] Write(Http2FrameType type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[HeaderLength + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = (byte)type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(HeaderLength));
        return frame;
    }

    /// <summary>What a client begins with.</summary>
    public static byte[] Begin(params (ushort Id, uint Value)[] settings) => [.. Preface, .. WriteSettings(settings)];

    public static byte[] WriteSettings(params (ushort Id, uint Value)[] settings)
    {
        var payload = new byte[settings.Length * 6];
        for (var index = 0; index < settings.Length; index++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(index * 6), settings[index].Id);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(index * 6 + 2), settings[index].Value);
        }

        return Write(Http2FrameType.Settings, 0, 0, payload);
    }

    public static byte[] WriteInteger(Http2FrameType type, int stream, uint value)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, value);
        return Write(type, 0, stream, payload);
    }

    /// <summary>The header block of a gRPC call, each field literally and without Huffman coding (RFC 7541, section 6.2.2).</summary>
    public static byte[] WriteCallHeaders(string path, params (string Name, string Value)[] more) => WriteCallHeaders("https", path, more);

    /// <summary>The same over a connection of another kind.</summary>
    public static byte[] WriteCallHeaders(string scheme, string path, params (string Name, string Value)[] more)
    {
        (string Name, string Value)[] headers =
        [
            (":method", "POST"), (":scheme", scheme), (":path", path), (":authority", "node"), ("content-type", "application/grpc"), ("te", "trailers"), .. more,
        ];
        return [.. headers.SelectMany(header => WriteField(header.Name, header.Value))];
    }

    /// <summary>One field of a header block.</summary>
    public static byte[] WriteField(string name, string value)
    {
        var field = new List<byte> { 0 };
        AddText(field, name);
        AddText(field, value);
        return [.. field];
    }

    /// <summary>A gRPC message: flag, length, bytes.</summary>
    public static byte[] WriteMessage(ReadOnlySpan<byte> message, bool compressed = false)
    {
        var framed = new byte[5 + message.Length];
        framed[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed.AsSpan(5));
        return framed;
    }

    private static void AddText(List<byte> block, string text)
    {
        const int prefix = 0x7F;
        var bytes = Encoding.ASCII.GetBytes(text);
        if (bytes.Length < prefix)
        {
            block.Add((byte)bytes.Length);
        }
        else
        {
            block.Add(prefix);
            var rest = bytes.Length - prefix;
            for (; rest > 0x7F; rest >>= 7)
                block.Add((byte)(rest | 0x80));
            block.Add((byte)rest);
        }

        block.AddRange(bytes);
    }
}
