using Google.Protobuf;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>The messages that all measurements send: text of one length.</summary>
internal static class Samples
{
    /// <summary>Bytes of one batch, below the limit of SendStream.</summary>
    private const int BatchLength = 900 * 1024;

    public static string Text(int length) => new('x', length);

    /// <summary>A batch to <paramref name="to"/> of so many messages as are wanted and allowed.</summary>
    public static SendStreamRequest Batch(string to, int length, int count, bool ephemeral)
    {
        var request = new SendStreamRequest { To = to, Ephemeral = ephemeral };
        var text = Text(length);
        for (var i = 0; i < Math.Clamp(BatchLength / (length + 16), 1, count); i++)
            request.Messages.Add(new Content { Text = text });
        return request;
    }

    public static ByteString Bytes(int length) => ByteString.CopyFrom(new byte[length]);
}
