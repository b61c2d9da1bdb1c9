using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>A message read from a node's feed. Immutable.</summary>
public sealed class ReceivedMessage
{
    private readonly Entry entry;
    private readonly MessageBatch batch;
    private readonly int index;

    private ReceivedMessage(MessageBatch batch, int index)
    {
        this.batch = batch;
        this.index = index;
        entry = batch.Messages[index];
    }

    /// <summary>The author's PeerId.</summary>
    public string Author => batch.Author;

    /// <summary>The local alias of the author, if it has one; "self" for the node itself.</summary>
    public string Alias => batch.Alias;

    /// <summary>The alias or PeerId of the other side of the direct conversation, or "self". Empty in a room.</summary>
    public string Peer => batch.Peer;

    /// <summary>The room, as its local name with '#' before it. Empty in direct conversations.</summary>
    public string Room => batch.Room;

    /// <summary>The ConversationId.</summary>
    public string Conversation => batch.Conversation;

    /// <summary>The message's reference, "log/sequence". Empty for ephemeral messages.</summary>
    public string Reference => Ephemeral
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{batch.Log}/{batch.FirstSequence + (ulong)index}");

    /// <summary>The place of this message in the node's feed: acknowledge it, or resume after it. Null for ephemeral messages, and for those shown ahead.</summary>
    public FeedCursor? Cursor => Ephemeral || Ahead ? null : new FeedCursor(batch.FirstPosition + (ulong)index, batch.Check);

    /// <summary>When it was written, by its author's clock: for display only.</summary>
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(
        (long)Math.Min(entry.Clock >> 16, (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));

    /// <summary>The text; null if the message holds data.</summary>
    public string? Text => entry.Content.BodyCase == Content.BodyOneofCase.Text ? entry.Content.Text : null;

    /// <summary>The bytes; empty if the message is text.</summary>
    public ReadOnlyMemory<byte> Data => entry.Content.BodyCase == Content.BodyOneofCase.Data ? entry.Content.Data.Memory : default;

    /// <summary>What the data is; empty for text.</summary>
    public string ContentType => entry.Content.ContentType;

    /// <summary>The headers that the author gave.</summary>
    public IReadOnlyDictionary<string, string> Headers => entry.Content.Headers.AsReadOnly();

    /// <summary>The idempotency key that the author gave; empty if none.</summary>
    public string MessageId => entry.Content.MessageId;

    /// <summary>Whether the message was never stored.</summary>
    public bool Ephemeral => batch.Ephemeral;

    /// <summary>Whether a page of history shows the message before it is stored at this node: it comes in a subscription later, in its order.</summary>
    public bool Ahead => batch.Ahead;

    /// <summary>Messages of the same log right before this one that are still to come. Only before messages shown ahead.</summary>
    public ulong MissingBefore => index == 0 ? batch.MissingBefore : 0;

    /// <summary>Reads a Protobuf message.</summary>
    /// <exception cref="MessageFormatException">The content type is not this message's full name, or the data can't be read as one.</exception>
    public T ReadProtobuf<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>()
        where T : IMessage<T> => (T)ProtobufBody.Read(this, (IMessage)Activator.CreateInstance<T>());

    /// <summary>Reads a value from JSON.</summary>
    /// <param name="typeInfo">How it is read, from a source-generated context.</param>
    /// <exception cref="MessageFormatException">The content type is not JSON, or the data can't be read as this type.</exception>
    public T ReadJson<T>(JsonTypeInfo<T> typeInfo) => JsonBody.Read(this, typeInfo);

    /// <summary>The messages of a response of <see cref="P2PGrpcClient.SubscribeBatchesAsync"/>, in order.</summary>
    /// <param name="response">The response. It must not be changed afterwards.</param>
    public static IEnumerable<ReceivedMessage> Read(SubscribeResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.Batches.SelectMany(Read);
    }

    /// <summary>The messages of a page of history, in order.</summary>
    /// <param name="batches">The batches of the answer. They must not be changed afterwards.</param>
    public static IEnumerable<ReceivedMessage> Read(IEnumerable<MessageBatch> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        return batches.SelectMany(Read);
    }

    /// <summary>The messages of a batch, in order. There are none where they were erased: see <see cref="ErasedMessages.From"/>.</summary>
    /// <param name="batch">The batch. It must not be changed afterwards.</param>
    public static IEnumerable<ReceivedMessage> Read(MessageBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return ReadMessages(batch);
    }

    private static IEnumerable<ReceivedMessage> ReadMessages(MessageBatch batch)
    {
        for (var index = 0; index < batch.Messages.Count; index++)
        {
            // An entry that the node could not read only keeps the place of those after it.
            if (batch.Messages[index].Content is not null)
                yield return new ReceivedMessage(batch, index);
        }
    }
}
