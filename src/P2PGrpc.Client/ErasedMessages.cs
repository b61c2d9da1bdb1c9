using System.Globalization;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>Messages that stood at a place of the feed and have been erased, because the node, or whoever passed them on, keeps them no longer. Immutable.</summary>
public sealed class ErasedMessages
{
    private readonly MessageBatch batch;

    private ErasedMessages(MessageBatch batch) => this.batch = batch;

    /// <summary>How many. They are neighbours in one log.</summary>
    public ulong Count => batch.Erased;

    /// <summary>The reference of the first of them, "log/sequence".</summary>
    public string FirstReference => string.Create(CultureInfo.InvariantCulture, $"{batch.Log}/{batch.FirstSequence}");

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

    /// <summary>What was erased, by a batch of <see cref="SubscribeResponse"/>; null if that holds messages.</summary>
    /// <param name="batch">The batch. It must not be changed afterwards.</param>
    public static ErasedMessages? From(MessageBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return batch.Erased > 0 ? new ErasedMessages(batch) : null;
    }
}
