using System.Buffers;
using Google.Protobuf;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Delivery;

/// <summary>A SubscribeResponse in its encoded form: the bytes of simple segments are passed on as they are stored.</summary>
internal sealed class EncodedResponse
{
    private readonly List<EncodedBatch> batches = [];
    private readonly byte[] rest;

    public EncodedResponse(FeedStretch stretch)
    {
        foreach (var segment in stretch.Segments)
            if (stretch.Batches.Encode(segment) is { } batch)
                batches.Add(batch);
        if (stretch.Ephemeral is { } ephemeral && stretch.Batches.Encode(ephemeral) is { } messages)
            batches.Add(messages);

        rest = new SubscribeResponse { Cursor = stretch.Cursor, CaughtUp = stretch.CaughtUp }.ToByteArray();
        Length = rest.Length + batches.Sum(batch => batch.FieldLength);
    }

    /// <summary>Bytes of all of it.</summary>
    public int Length { get; }

    public void WriteTo(IBufferWriter<byte> writer)
    {
        foreach (var batch in batches)
        {
            batch.WriteTo(writer.GetSpan(batch.FieldLength));
            writer.Advance(batch.FieldLength);
        }

        writer.Write(rest);
    }
}
