using System.Buffers;
using System.Text;
using Google.Protobuf;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Conversations;

/// <summary>A message of a batch: encoded and found good already, or as an object that is still to be checked.</summary>
internal readonly record struct OutgoingContent(ReadOnlyMemory<byte> Encoded, Content? Content);

/// <summary>One request of a SendStream. Read from bytes it keeps its simple messages as they came, so that they are neither parsed nor encoded again.</summary>
internal sealed class OutgoingBatch
{
    private const byte ToTag = (SendStreamRequest.ToFieldNumber << 3) | 2;
    private const byte MessagesTag = (SendStreamRequest.MessagesFieldNumber << 3) | 2;
    private const byte EphemeralTag = SendStreamRequest.EphemeralFieldNumber << 3;

    private byte[]? rented;

    public string To { get; private init; } = "";

    public bool Ephemeral { get; private init; }

    /// <summary>Bytes of the whole request. Where it is far from the limit, no less than that.</summary>
    public int Length { get; private init; }

    public required IReadOnlyList<OutgoingContent> Messages { get; init; }

    public static OutgoingBatch From(SendStreamRequest request) => new()
    {
        To = request.To,
        Ephemeral = request.Ephemeral,
        Length = Measure(request),
        Messages = [.. request.Messages.Select(content => new OutgoingContent(default, content))],
    };

    /// <summary>Reads an encoded request.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is none.</exception>
    public static OutgoingBatch Read(in ReadOnlySequence<byte> payload)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)payload.Length);
        payload.CopyTo(buffer);
        var bytes = buffer.AsMemory(0, (int)payload.Length);
        if (TryRead(bytes) is { } batch)
        {
            batch.rented = buffer;
            return batch;
        }

        var request = SendStreamRequest.Parser.ParseFrom(bytes.Span);
        ArrayPool<byte>.Shared.Return(buffer);
        return From(request);
    }

    /// <summary>Lets the request's bytes go. Only once nobody uses its messages any more; need not be called.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref rented, null) is { } buffer)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    // To count the bytes of each text costs more than all else that is done with it here. A character takes three bytes at most, what stands around a content 32.
    private static int Measure(SendStreamRequest request)
    {
        var most = 1024L;
        foreach (var content in request.Messages)
            most += content.Headers.Count > 0 ? content.CalculateSize() : content.Data.Length + (3L * (content.Text.Length + content.ContentType.Length + content.MessageId.Length)) + 32;
        return most <= ContentLimits.BatchLength ? (int)most : request.CalculateSize();
    }

    /// <summary>Null where the request is not of the plain form that this reads.</summary>
    private static OutgoingBatch? TryRead(ReadOnlyMemory<byte> bytes)
    {
        var messages = new List<OutgoingContent>();
        var to = "";
        var ephemeral = false;
        var rest = bytes.Span;
        while (!rest.IsEmpty)
        {
            var tag = rest[0];
            rest = rest[1..];
            if (tag == EphemeralTag && !rest.IsEmpty && rest[0] <= 1)
            {
                ephemeral = rest[0] == 1;
                rest = rest[1..];
                continue;
            }

            if (tag is not (ToTag or MessagesTag) || !EncodedContent.TryTake(ref rest, out var value))
                return null;
            if (tag == ToTag)
            {
                to = Encoding.UTF8.GetString(value);
                continue;
            }

            var encoded = bytes.Slice(bytes.Length - rest.Length - value.Length, value.Length);
            messages.Add(EncodedContent.IsSimple(value) ? new OutgoingContent(encoded, null) : new OutgoingContent(default, Content.Parser.ParseFrom(value)));
        }

        return new OutgoingBatch { To = to, Ephemeral = ephemeral, Length = bytes.Length, Messages = messages };
    }
}
