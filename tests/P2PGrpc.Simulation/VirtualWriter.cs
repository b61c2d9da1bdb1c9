using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Simulation;

/// <summary>A segment of this node's own, signed and not yet on disk, and the message_ids of what it carries.</summary>
internal sealed record SealedSegment(SegmentHeader Header, byte[] Body, IReadOnlyList<string> MessageIds);

/// <summary>Makes segments of what a node's clients send: one log a conversation and process, as the production writer does.</summary>
internal sealed class VirtualWriter(SimulationRun run, VirtualNode node, IdentityKey key)
{
    private readonly Dictionary<ConversationId, (LogKey Log, Head Tail)> current = [];
    private readonly HashSet<Bytes32> signed = [];
    private readonly HybridClock clock = new();
    private DateTimeOffset latestTime;

    /// <summary>True for a segment that this process signed.</summary>
    public bool IsOwn(SegmentHeader header) => signed.Contains(header.Hash);

    /// <summary>Takes note of the stamps of a segment that came from elsewhere.</summary>
    public void Observe(DiskSegment segment)
    {
        if (segment.Body is not { } body)
            return;
        foreach (var entry in SegmentBodyReader.Read(segment.Header, body))
            clock.Observe(entry!.Clock, Now());
    }

    /// <summary>Goes on in another node's logs, which have the same author.</summary>
    public void GoOnLike(VirtualWriter other)
    {
        foreach (var (conversation, log) in other.current)
        {
            current[conversation] = log;
            run.Ledger.NoteFork(log.Log.ToLogId(), log.Tail.Sequence);
        }
    }

    /// <summary>Signs segments for all drafts whose message_id is not on disk yet.</summary>
    public List<SealedSegment> Seal(IEnumerable<VirtualDraft> drafts)
    {
        var segments = new List<SealedSegment>();
        if (node.IsHostile)
            LeaveWhatIsLost();
        foreach (var conversation in drafts.Where(draft => !node.Disk.MessageIds.Contains(draft.Name)).GroupBy(draft => draft.Conversation))
        {
            var builder = new SegmentBodyBuilder();
            var (names, size) = (new List<string>(), 0);
            foreach (var draft in conversation)
            {
                var entry = Encode(draft);
                var full = size + SegmentBodyBuilder.EncodedLength(entry.Length) > run.Options.LargestBody;
                if (names.Count > 0 && (full || run.Random.Next(8) == 0))
                {
                    segments.Add(Sign(conversation.Key, builder, names));
                    (names, size) = ([], 0);
                }

                SimulationFault.Check(builder.TryAdd(entry), "A draft does not fit a segment.");
                names.Add(draft.Name);
                size += SegmentBodyBuilder.EncodedLength(entry.Length);
            }

            segments.Add(Sign(conversation.Key, builder, names));
        }

        return segments;
    }

    /// <summary>What was signed is not on disk, or perhaps not: another segment at its place would be a fork, so these logs are never continued.</summary>
    public void Abandon(IEnumerable<SealedSegment> segments)
    {
        foreach (var segment in segments)
            current.Remove(segment.Header.Log.Conversation);
    }

    /// <summary>A log that was frozen, or in which the twin's segments have come, can't be gone on with.</summary>
    private void LeaveWhatIsLost()
    {
        foreach (var (conversation, (log, tail)) in current.ToList())
        {
            if (node.Disk.IsFrozen(log.ToLogId()) || node.Disk.HeadOf(log.ToLogId()) != tail)
                current.Remove(conversation);
        }
    }

    private SealedSegment Sign(ConversationId conversation, SegmentBodyBuilder builder, List<string> names)
    {
        if (!current.TryGetValue(conversation, out var log))
            log = BeginLog(conversation);
        var count = builder.Count;
        var body = builder.Build();
        var header = SegmentHeader.Sign(key, log.Log, log.Tail, count, body, log.Tail.Sequence == 0 ? WriteOpening(conversation) : []);
        if (!node.IsHostile)
            run.Ledger.NoteSigned(header, names);
        signed.Add(header.Hash);
        current[conversation] = (log.Log, header.Head);
        return new SealedSegment(header, body, names);
    }

    private byte[] Encode(VirtualDraft draft)
    {
        var stamp = clock.Next(Now());
        SimulationFault.Check(
            HybridClock.ToTime(stamp) <= latestTime + HybridClock.MaximumAhead + TimeSpan.FromSeconds(1), "V3: a foreign clock dragged this node's stamps along.");
        return new Protocol.Entry { Clock = stamp, Content = new Protocol.Content { Text = draft.Text } }.ToByteArray();
    }

    /// <summary>The wall clock as this process has it. It may jump back: stamps never do.</summary>
    private DateTimeOffset Now()
    {
        var now = node.WallClock;
        latestTime = now > latestTime ? now : latestTime;
        return now;
    }

    private (LogKey Log, Head Tail) BeginLog(ConversationId conversation)
    {
        var log = new LogKey(conversation, node.PeerId, run.NextEpoch());
        return (log, log.ToLogId().Empty);
    }

    private byte[] WriteOpening(ConversationId conversation)
    {
        var opening = new Protocol.Opening();
        var last = node.Disk.Feed.FindLast(segment => segment.Header.Log.Conversation == conversation && segment.Header.Log.Author == node.PeerId);
        if (last is not null)
        {
            opening.PredecessorEpoch = last.Header.Log.Epoch;
            opening.PredecessorHead = SegmentCodec.Write(last.Header.Head);
        }

        return opening.ToByteArray();
    }
}
