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
        foreach (var (segment, after) in stretch.Segments)
        {
            if (stretch.Batches.TryMakeHead(segment, after) is { } head)
                batches.Add(new EncodedBatch(head, segment.Body));
            else if (stretch.Batches.Make(segment, after) is { } batch)
                batches.Add(new EncodedBatch(batch.ToByteArray(), default));
        }

        if (stretch.Ephemeral is { } ephemeral)
        {
            if (stretch.Batches.TryMakeHead(ephemeral) is { } head)
                batches.Add(new EncodedBatch(head, ephemeral.Body));
            else if (stretch.Batches.Make(ephemeral) is { } batch)
                batches.Add(new EncodedBatch(batch.ToByteArray(), default));
        }

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
