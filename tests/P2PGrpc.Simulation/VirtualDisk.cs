using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>A body in memory; knows whether it has left the replicator that it went into.</summary>
internal sealed class VirtualBody(byte[] bytes) : BodyHandle
{
    public byte[] Bytes { get; } = bytes;

    public bool Out { get; private set; }

    public void Leave()
    {
        SimulationFault.Check(!Out, "A handle came out twice.");
        Out = true;
    }
}

/// <summary>A segment as it lies on a disk.</summary>
/// <param name="header">Its header.</param>
/// <param name="body">Its body; null if it came without.</param>
/// <param name="lastPosition">The position of its last entry.</param>
internal sealed class DiskSegment(SegmentHeader header, byte[]? body, ulong lastPosition)
{
    public SegmentHeader Header { get; } = header;

    /// <summary>Null if it was erased, here or where it came from.</summary>
    public byte[]? Body { get; private set; } = body;

    /// <summary>It was erased here.</summary>
    public bool ErasedHere { get; private set; }

    public ulong LastPosition { get; } = lastPosition;

    public BodyHandle Handle => Body is { } bytes ? new VirtualBody(bytes) : new ErasedBody();

    public void EraseHere()
    {
        ErasedHere |= Body is not null;
        Body = null;
    }

    /// <summary>Its bits have flipped: whoever reads it finds that out by its hash.</summary>
    public bool Damaged { get; set; }
}

/// <summary>What of a node survives its crash. A commit is there as a whole or not at all: that is what the database promises for itself.</summary>
internal sealed class VirtualDisk
{
    private readonly Dictionary<LogId, List<DiskSegment>> logs = [];
    private readonly Dictionary<LogId, ForkProof> proofs = [];

    public ulong LastPosition { get; private set; }

    public List<DiskSegment> Feed { get; } = [];

    /// <summary>How far which process of each peer was heard.</summary>
    public Dictionary<PeerId, HeardPosition> Heard { get; } = [];

    public HashSet<string> MessageIds { get; } = new(StringComparer.Ordinal);

    /// <summary>How far somebody else holds the node's own logs.</summary>
    public Dictionary<LogId, ulong> Acknowledged { get; } = [];

    public IEnumerable<LogId> Logs => logs.Keys;

    public IReadOnlyList<DiskSegment> Read(LogId log) => logs.TryGetValue(log, out var segments) ? segments : [];

    public Head HeadOf(LogId log) => logs.TryGetValue(log, out var segments) ? segments[^1].Header.Head : log.Empty;

    public bool IsFrozen(LogId log) => proofs.ContainsKey(log);

    public ForkProof? ProofOf(LogId log) => proofs.GetValueOrDefault(log);

    /// <summary>The segment at a place; null if there is none.</summary>
    public DiskSegment? Find(LogId log, ulong firstSequence)
    {
        var segments = Read(log);
        var at = IndexOf(segments, firstSequence);
        return at >= 0 && segments[at].Header.FirstSequence == firstSequence ? segments[at] : null;
    }

    public DiskSegment? TryWrite(SegmentHeader header, byte[]? body)
    {
        if (IsFrozen(header.LogId) || AppendRule.Judge(HeadOf(header.LogId), header) != AppendVerdict.Next)
            return null;
        if (!logs.TryGetValue(header.LogId, out var segments))
            logs.Add(header.LogId, segments = []);
        LastPosition += (ulong)header.Count;
        var segment = new DiskSegment(header, body, LastPosition);
        segments.Add(segment);
        Feed.Add(segment);
        return segment;
    }

    /// <summary>Puts a segment in the place of the same one that is damaged.</summary>
    public bool TryRepair(SegmentHeader header)
    {
        if (Find(header.LogId, header.FirstSequence) is not { Damaged: true } segment || segment.Header.Hash != header.Hash)
            return false;
        segment.Damaged = false;
        return true;
    }

    /// <summary>A back-up of it.</summary>
    public VirtualDisk Copy()
    {
        var copy = new VirtualDisk { LastPosition = LastPosition };
        copy.Feed.AddRange(Feed);
        copy.MessageIds.UnionWith(MessageIds);
        foreach (var (peer, heard) in Heard)
            copy.Heard.Add(peer, heard);
        foreach (var (log, segments) in logs)
            copy.logs.Add(log, [.. segments]);
        foreach (var (log, proof) in proofs)
            copy.proofs.Add(log, proof);
        return copy;
    }

    public LoadResult Load(LogId log, Head after, long maxWeight, ulong erasedThrough)
    {
        var segments = Read(log);
        var first = 0;
        if (after != log.Empty)
        {
            var at = IndexOf(segments, after.Sequence);
            if (at < 0 || segments[at].Header.Head != after)
                return new LoadResult.NoSuchBoundary(segments[Math.Max(0, at)].Header);
            first = at + 1;
        }

        var held = new List<HeldSegment>();
        for (var index = first; index < segments.Count; index++)
        {
            var next = new HeldSegment(segments[index].Header, segments[index].Handle);
            if (next.Weight > maxWeight)
                break;
            if (segments[index].Damaged)
                return held.Count == 0 ? new LoadResult.Damaged() : new LoadResult.Segments(held);
            if (segments[index].Body is null && segments[index].Header.LastSequence > erasedThrough)
                return held.Count == 0 ? new LoadResult.Pruned(FindErased(segments, index)) : new LoadResult.Segments(held);
            maxWeight -= next.Weight;
            held.Add(next);
        }

        return new LoadResult.Segments(held);
    }

    /// <summary>Not always to the end of the stretch, as a store may do.</summary>
    private static ErasedStretch FindErased(IReadOnlyList<DiskSegment> segments, int index)
    {
        var end = index + 1;
        while (end < segments.Count && segments[end].Body is null && end - index < 5)
            end++;
        return new ErasedStretch(segments[index].Header.FirstSequence, segments[end - 1].Header.LastSequence + 1);
    }

    public ReplicatorInput.HeadsLoaded LoadHeads(ConversationId conversation, LogId? after, int count)
    {
        var heads = logs.Values
            .Select(segments => segments[^1])
            .Where(last => last.Header.Log.Conversation == conversation
                && (after is not { } one || last.Header.LogId.Value.CompareTo(one.Value) > 0))
            .OrderBy(last => last.Header.LogId.Value)
            .Take(count + 1)
            .Select(last => new StoredHead(
                last.Header.Log, last.Header.LogId, last.Header.Head, last.LastPosition, IsFrozen(last.Header.LogId), ProofOf(last.Header.LogId)))
            .ToList();
        LogId? next = heads.Count > count ? heads[count - 1].LogId : null;
        var weights = next is not null ? null : Feed
            .Where(segment => segment.Header.Log.Conversation == conversation)
            .GroupBy(segment => segment.Header.Log.Author)
            .Select(author => new AuthorWeight(author.Key, author.Sum(segment => (long)segment.Header.Weight)))
            .ToList();
        return new ReplicatorInput.HeadsLoaded(conversation, heads.Take(count).ToList(), next, weights);
    }

    public ForkProof? Freeze(LogId log, SegmentHeader first, SegmentHeader? second)
    {
        if (second is null)
        {
            var segments = Read(log);
            var at = IndexOf(segments, first.LastSequence);
            second = segments
                .Skip(Math.Max(0, at - 1)).Take(3).Select(segment => segment.Header)
                .FirstOrDefault(header => ForkRule.Proves(first, header));
        }

        if (second is null)
            return null;
        return proofs[log] = new ForkProof(first, second);
    }

    /// <summary>The index of the segment that covers a sequence, or of the last one below it; -1 if there is none.</summary>
    private static int IndexOf(IReadOnlyList<DiskSegment> segments, ulong sequence)
    {
        var (low, high) = (0, segments.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (segments[middle].Header.FirstSequence <= sequence)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return high;
    }
}
