using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Protocol;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Node.Delivery;

/// <summary>Turns segments of the feed into what subscribers get. Holds one subscription's wishes. Immutable. Clocks that arrive are shown to whoever gives out new ones.</summary>
internal sealed class MessageBatches(Recipients recipients, ConversationId? only, bool includeOwn, Action<ulong> observeClock, DeliverySpans? spans = null)
{
    private readonly ConversationId toSelf = recipients.DirectWith(recipients.Self);

    /// <summary>Makes a batch of what is wanted of a segment; null if none of it can be read. What was erased is named and counted.</summary>
    public MessageBatch? Make(StretchSegment part) => part.Erased > 0 ? MakeErased(part) : Make(part.Segment, part.After);

    /// <summary>Encodes what <see cref="Make(StretchSegment)"/> makes.</summary>
    public EncodedBatch? Encode(StretchSegment part) => part.Erased > 0 ? Encode(MakeErased(part)) : Encode(part.Segment, part.After);

    /// <summary>Makes a batch of the segment's messages after a position; null if none of them can be read.</summary>
    public MessageBatch? Make(FeedSegment segment, ulong after)
    {
        var header = segment.Header;
        var entries = SegmentBodyReader.Read(header, segment.Body);
        var index = after >= segment.FirstPosition ? (int)(after - segment.FirstPosition) + 1 : 0;
        index = Array.FindIndex(entries, index, entry => entry is not null);
        if (index < 0)
            return null;
        // One batch a segment, whatever its author wrote: a batch for each gap would make an answer many times as long as what was stored.
        var batch = Begin(header, index, segment.FirstPosition);
        ulong clock = 0;
        var last = Array.FindLastIndex(entries, entry => entry is not null);
        for (; index <= last; index++)
        {
            // What does not parse keeps its place as an empty entry, because those after it are counted from the first.
            var entry = entries[index] ?? new Entry();
            batch.Messages.Add(entry);
            clock = Math.Max(clock, entry.Clock);
        }

        observeClock(clock);
        Trace(batch);
        return batch;
    }

    /// <summary>Makes a batch of those ephemeral messages that can be read; null if there are none.</summary>
    public MessageBatch? Make(EphemeralMessages ephemeral)
    {
        var batch = Begin(ephemeral);
        batch.Messages.Add(SegmentBodyReader.Read(ephemeral.Body, ephemeral.Count).OfType<Entry>());
        Trace(batch);
        return batch.Messages.Count > 0 ? batch : null;
    }

    /// <summary>Encodes what <see cref="Make(EphemeralMessages)"/> makes.</summary>
    public EncodedBatch? Encode(EphemeralMessages ephemeral) =>
        EncodedBatch.IsSimple(ephemeral.Body.Span, ephemeral.Count, out _)
            ? new EncodedBatch(Begin(ephemeral).ToByteArray(), ephemeral.Body)
            : Encode(Make(ephemeral));

    /// <summary>Encodes what <see cref="Make(FeedSegment, ulong)"/> makes. Where all of the segment is wanted and simple, its body, with another tag for each entry,
    /// is the rest of the batch.</summary>
    public EncodedBatch? Encode(FeedSegment segment, ulong after)
    {
        if (after >= segment.FirstPosition || segment.Header.Cipher != 0 || !EncodedBatch.IsSimple(segment.Body.Span, segment.Header.Count, out var clock))
            return Encode(Make(segment, after));
        observeClock(clock);
        return new EncodedBatch(Begin(segment.Header, 0, segment.FirstPosition).ToByteArray(), segment.Body);
    }

    /// <summary>Whether the subscriber wants what this author says in this conversation.</summary>
    public bool IsWanted(ConversationId conversation, PeerId author) =>
        (only is not { } wanted || wanted == conversation) && (includeOwn || author != recipients.Self || conversation == toSelf);

    /// <summary>A batch without messages yet, for those of a segment from an index on.</summary>
    public MessageBatch Begin(FeedSegment segment, int index) => Begin(segment.Header, index, segment.FirstPosition);

    /// <summary>The same for messages that are shown before they are stored here: they have no position.</summary>
    public MessageBatch BeginAhead(SegmentHeader header, int index)
    {
        var batch = Begin(header, index, 0);
        (batch.FirstPosition, batch.Check, batch.Ahead) = (0, 0, true);
        return batch;
    }

    /// <summary>What this node wrote itself it does not deliver to itself, but for what is addressed to it.</summary>
    private void Trace(MessageBatch batch)
    {
        if (spans is not null && DeliverySpans.AreWanted && (batch.Alias != Alias.Self || batch.Peer == Alias.Self))
            spans.Make(batch, batch.Room.Length > 0 ? ConversationKinds.Room : batch.Peer == Alias.Self ? ConversationKinds.Self : ConversationKinds.Direct);
    }

    private MessageBatch MakeErased(StretchSegment part)
    {
        var first = part.Segment.FirstPosition;
        var batch = Begin(part.Segment.Header, part.After >= first ? (int)(part.After - first) + 1 : 0, first);
        batch.Erased = part.Erased;
        return batch;
    }

    private static EncodedBatch? Encode(MessageBatch? batch) => batch is null ? null : new EncodedBatch(batch.ToByteArray(), default);

    private MessageBatch Begin(SegmentHeader header, int index, ulong firstPosition)
    {
        var batch = Begin(header.Log.Author, header.Log.Conversation);
        batch.Log = header.LogId.ToString();
        batch.FirstSequence = header.FirstSequence + (ulong)index;
        batch.FirstPosition = firstPosition + (ulong)index;
        batch.Check = header.Hash.Prefix;
        return batch;
    }

    private MessageBatch Begin(EphemeralMessages ephemeral)
    {
        var batch = Begin(ephemeral.Author, ephemeral.Conversation);
        batch.Ephemeral = true;
        return batch;
    }

    private MessageBatch Begin(PeerId author, ConversationId conversation)
    {
        var room = recipients.RoomLabelOf(conversation);
        return new MessageBatch
        {
            Author = author.ToString(),
            Alias = recipients.AliasOf(author),
            Conversation = conversation.ToString(),
            Room = room,
            Peer = room.Length > 0 ? "" : PeerOf(author, conversation),
        };
    }

    /// <summary>The other side: the author, or for an own message the peer whose direct conversation this is.</summary>
    private string PeerOf(PeerId author, ConversationId conversation) =>
        author != recipients.Self ? recipients.Label(author) : recipients.LabelOf(conversation);
}
