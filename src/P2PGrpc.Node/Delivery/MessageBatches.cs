using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Node.Delivery;

/// <summary>Turns segments of the feed into what subscribers get. Holds one subscription's wishes. Immutable.</summary>
internal sealed class MessageBatches(Recipients recipients, ConversationId? only, bool includeOwn)
{
    private readonly ConversationId toSelf = recipients.DirectWith(recipients.Self);

    /// <summary>Adds the segment's messages after a position to a response: none if the subscriber does not want them.</summary>
    /// <returns>The highest clock among them, 0 if there are none.</returns>
    public ulong Add(SubscribeResponse response, FeedSegment segment, ulong after)
    {
        var header = segment.Header;
        if (!IsWanted(header.Log.Conversation, header.Log.Author))
            return 0;
        var entries = SegmentBodyReader.Read(header, segment.Body);
        var index = after >= segment.FirstPosition ? (int)(after - segment.FirstPosition) + 1 : 0;
        index = Array.FindIndex(entries, index, entry => entry is not null);
        if (index < 0)
            return 0;
        // One batch a segment, whatever its author wrote: a batch for each gap would make an answer many times as long as what was stored.
        var batch = Begin(header, index, segment.FirstPosition);
        response.Batches.Add(batch);
        ulong clock = 0;
        var last = Array.FindLastIndex(entries, entry => entry is not null);
        for (; index <= last; index++)
        {
            // What does not parse keeps its place as an empty entry, because those after it are counted from the first.
            var entry = entries[index] ?? new Entry();
            batch.Messages.Add(entry);
            clock = Math.Max(clock, entry.Clock);
        }

        return clock;
    }

    /// <summary>A response of ephemeral messages, or null if the subscriber does not want them.</summary>
    public SubscribeResponse? Make(EphemeralMessages ephemeral)
    {
        if (!IsWanted(ephemeral.Conversation, ephemeral.Author))
            return null;
        var batch = new MessageBatch
        {
            Author = ephemeral.Author.ToString(),
            Alias = recipients.AliasOf(ephemeral.Author),
            Conversation = ephemeral.Conversation.ToString(),
            Peer = recipients.Label(ephemeral.Author),
            Ephemeral = true,
        };
        batch.Messages.Add(ephemeral.Entries);
        return new SubscribeResponse { Batches = { batch } };
    }

    private bool IsWanted(ConversationId conversation, PeerId author) =>
        (only is not { } wanted || wanted == conversation) && (includeOwn || author != recipients.Self || conversation == toSelf);

    private MessageBatch Begin(SegmentHeader header, int index, ulong firstPosition) => new()
    {
        Author = header.Log.Author.ToString(),
        Alias = recipients.AliasOf(header.Log.Author),
        Conversation = header.Log.Conversation.ToString(),
        Peer = PeerOf(header.Log),
        Log = header.LogId.ToString(),
        FirstSequence = header.FirstSequence + (ulong)index,
        FirstPosition = firstPosition + (ulong)index,
        Check = header.Hash.Prefix,
    };

    /// <summary>The other side: the author, or for an own message the peer whose direct conversation this is.</summary>
    private string PeerOf(LogKey log) =>
        log.Author != recipients.Self ? recipients.Label(log.Author) : recipients.LabelOf(log.Conversation);
}
