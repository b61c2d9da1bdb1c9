using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Appends this node's own messages: one log a conversation and process, begun with the first message. Writer thread only, inside
/// its transaction.</summary>
internal sealed class LogWriter(IdentityKey identity, LogTable logs, MessageIds messageIds, StampClock clock)
{
    // One for each conversation that this process has appended to: as many as its user talks in.
    private readonly Dictionary<ConversationId, OwnLog> current = [];
    private readonly List<OwnLog> touched = [];
    private readonly Stack<SegmentBodyBuilder> builders = new();
    private readonly EntryWriter entries = new();

    /// <summary>Finds a place for each draft, unless its message_id is known, and notes the results in the work.</summary>
    public void Append(AppendWork work, List<StoreEvent> events)
    {
        var stamp = clock.Next(work.Drafts.Count);
        for (var index = 0; index < work.Drafts.Count; index++, stamp++)
        {
            var draft = work.Drafts[index];
            if (draft.MessageId is null)
            {
                work.Results[index] = new AppendResult(AppendState.Accepted, Place(work, stamp, draft.Content.Span, events).Reference);
                continue;
            }

            var contentHash = Bytes32.Read(SHA256.HashData((draft.Compared ?? draft.Content).Span));
            if (messageIds.Find(draft.MessageId) is { } known)
            {
                var same = known.Conversation == work.Conversation && known.ContentHash == contentHash;
                work.Results[index] = new AppendResult(same ? AppendState.Repeated : AppendState.Conflict, known.Reference);
                continue;
            }

            var (log, reference) = Place(work, stamp, draft.Content.Span, events);
            messageIds.Add(draft.MessageId, work.Conversation, contentHash, log, reference.Sequence);
            work.Results[index] = new AppendResult(AppendState.Accepted, reference);
        }
    }

    /// <summary>Signs and writes what has gathered. To be called before each commit.</summary>
    public void Seal(List<StoreEvent> events)
    {
        foreach (var own in touched)
            Seal(own, events);
        messageIds.Prune();
    }

    /// <summary>The transaction is durable, or was rolled back for certain: the builders are free again. What was signed and rolled back was never shown, and
    /// the next transaction is written over it.</summary>
    public void Ended()
    {
        foreach (var own in touched)
            ReturnBuilder(own);
        touched.Clear();
    }

    private (StoredLog Log, MessageReference Reference) Place(
        AppendWork work, ulong stamp, ReadOnlySpan<byte> content, List<StoreEvent> events)
    {
        var own = Open(work);
        var entry = entries.Write(stamp, content);
        if (!own.Builder!.TryAdd(entry))
        {
            Seal(own, events);
            if (!own.Builder.TryAdd(entry))
                throw new InvalidOperationException("A draft does not fit a segment; callers check that.");
        }

        return (own.Log, new MessageReference(own.Log.LogId, own.Log.Head.Sequence + (ulong)own.Builder.Count));
    }

    private OwnLog Open(AppendWork work)
    {
        if (!current.TryGetValue(work.Conversation, out var own))
        {
            own = Begin(work);
            current.Add(work.Conversation, own);
        }

        if (own.Builder is not null)
            return own;

        // Between transactions the table may have forgotten, or somebody may have frozen the log.
        own.Log = logs.Require(own.Key, own.LogId);
        if (own.Log.Frozen)
        {
            current[work.Conversation] = own = Begin(work);
            own.Log = logs.Require(own.Key, own.LogId);
        }

        own.Builder = builders.TryPop(out var builder) ? builder : new SegmentBodyBuilder();
        touched.Add(own);
        return own;
    }

    private OwnLog Begin(AppendWork work)
    {
        Span<byte> random = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(random);
        var key = new LogKey(work.Conversation, identity.PeerId, BinaryPrimitives.ReadUInt64BigEndian(random));
        var opening = new Protocol.Opening { Admission = ByteString.CopyFrom(work.Admission.Span) };
        if (logs.FindLatest(work.Conversation, identity.PeerId) is var (epoch, head))
            (opening.PredecessorEpoch, opening.PredecessorHead) = (epoch, SegmentCodec.Write(head));
        var logId = key.ToLogId();
        return new OwnLog(key, logId, opening.ToByteArray(), logs.Require(key, logId));
    }

    private void Seal(OwnLog own, List<StoreEvent> events)
    {
        if (own.Builder is not { Count: > 0 } builder)
            return;
        var after = own.Log.Head;
        var count = builder.Count;
        var body = builder.Build();
        var header = SegmentHeader.Sign(identity, own.Key, after, count, body, after.Sequence == 0 ? own.Opening : []);
        var position = logs.Insert(own.Log, header, body);
        events.Add(new StoreEvent.Committed(new CommittedSegment(header, position, Own: true), body));
    }

    private void ReturnBuilder(OwnLog own)
    {
        if (own.Builder is not { } builder)
            return;
        own.Builder = null;
        if (builder.Count > 0)
            builder.Build();
        builders.Push(builder);
    }

    private sealed class OwnLog(LogKey key, LogId logId, byte[] opening, StoredLog log)
    {
        public LogKey Key { get; } = key;

        public LogId LogId { get; } = logId;

        public byte[] Opening { get; } = opening;

        public StoredLog Log { get; set; } = log;

        /// <summary>What gathers in the transaction that is open; null between transactions.</summary>
        public SegmentBodyBuilder? Builder { get; set; }
    }
}
