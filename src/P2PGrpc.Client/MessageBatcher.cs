using System.Globalization;
using System.Threading.Channels;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>Makes batches of messages, and matches a batch with the node's answer to it.</summary>
internal static class MessageBatcher
{
    /// <summary>A message with its encoding, ready to be sent, and sent again.</summary>
    public sealed record Item(OutgoingMessage Message, Content Content, int Size);

    /// <exception cref="ArgumentException">The message is far above the node's limits, so that it could not even be refused singly.</exception>
    public static Item Prepare(OutgoingMessage message, bool ephemeral)
    {
        ArgumentNullException.ThrowIfNull(message);
        var content = message.ToContent(message.MessageId ?? (ephemeral ? "" : OutgoingMessage.NewMessageId()));
        TraceHeaders.AddCurrent(content.Headers);
        var size = content.CalculateSize();
        if (size > ClientLimits.MessageBytes)
            throw new ArgumentException($"A message of {size} bytes is far above the limit of 128 KiB.", nameof(message));
        return new Item(message, content, size);
    }

    /// <summary>Takes what has gathered, at least one message, without waiting.</summary>
    public static List<Item> Take(ChannelReader<Item> gathered)
    {
        var batch = new List<Item>();
        var size = 0;
        while (batch.Count < ClientLimits.BatchMessages && size < ClientLimits.BatchBytes && gathered.TryRead(out var item))
        {
            batch.Add(item);
            size += item.Size;
        }
        return batch;
    }

    public static SendStreamRequest CreateRequest(List<Item> batch, string to, bool ephemeral)
    {
        var request = new SendStreamRequest { To = to, Ephemeral = ephemeral };
        request.Messages.Capacity = batch.Count;
        foreach (var item in batch)
            request.Messages.Add(item.Content);
        return request;
    }

    /// <summary>The results of a batch, in order.</summary>
    /// <exception cref="P2PGrpcException">The answer does not cover the batch exactly.</exception>
    public static List<SendResult> Match(List<Item> batch, SendStreamResponse response, bool ephemeral)
    {
        var refused = response.Refused.ToDictionary(refusal => refusal.Index);
        var references = response.Accepted
            .SelectMany(run => Enumerable.Range(0, (int)run.Count).Select(index => Reference(run, index)))
            .GetEnumerator();
        var state = ephemeral ? DeliveryState.Sent : DeliveryState.Accepted;
        var results = new List<SendResult>(batch.Count);
        for (var index = 0; index < batch.Count; index++)
        {
            var (message, content, _) = batch[index];
            if (refused.TryGetValue((uint)index, out var refusal))
                results.Add(new SendResult { Message = message, MessageId = content.MessageId, Error = ToError(refusal) });
            else if (ephemeral)
                results.Add(Accept(message, content, "", state));
            else if (references.MoveNext())
                results.Add(Accept(message, content, references.Current, state));
            else
                throw Mismatch();
        }
        return results;
    }

    public static P2PGrpcException Mismatch() => new(
        StatusCode.Internal, "", "The node's answer does not match what was sent: does it speak another version?");

    private static string Reference(ReferenceRun run, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{run.Log}/{run.FirstSequence + (ulong)index}");

    private static SendResult Accept(OutgoingMessage message, Content content, string reference, DeliveryState state) =>
        new() { Message = message, MessageId = content.MessageId, Receipt = new SendReceipt { Reference = reference, State = state } };

    private static P2PGrpcException ToError(Refusal refusal) => new((StatusCode)refusal.Code, refusal.Reason, refusal.Detail);
}
