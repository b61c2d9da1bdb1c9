using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.History;

/// <summary>A message that a neighbour holds and that is not stored here.</summary>
internal readonly record struct AheadMessage(HistoryPlace Place, FeedSegment Segment, int Index);

/// <summary>What was seen of one conversation ahead of replication: segments from the end of a neighbour's feed, page by page backwards. In memory only. Not thread-safe.</summary>
internal sealed class Glimpse
{
    // Each segment by its hash, with its messages that can be read.
    private readonly Dictionary<Bytes32, (SegmentHeader Header, AheadMessage[] Messages)> segments = [];

    /// <summary>Whose feed <see cref="Before"/> is a position of.</summary>
    public LinkId Source { get; private set; }

    /// <summary>Where to go on; 0 if there is nothing earlier, or no room for it.</summary>
    public ulong Before { get; private set; }

    /// <summary>When the end was seen last.</summary>
    public long SeenAt { get; private set; }

    /// <summary>The oldest message of the last stretch: who looks at what lies before it does not want what lies between.</summary>
    public HistoryPlace Oldest { get; private set; } = HistoryPlace.End;

    public long Weight { get; private set; }

    /// <summary>All messages in the order of the conversation. Never changed: after a change it is another list.</summary>
    public IReadOnlyList<AheadMessage> Messages { get; private set; } = [];

    /// <summary>The logs of which something was seen.</summary>
    public IReadOnlyCollection<LogKey> Logs => [.. segments.Values.Select(segment => segment.Header.Log).Distinct()];

    /// <summary>Takes what a neighbour answered. A new end that does not reach down to what was seen before replaces it: what is shown stays whole.</summary>
    /// <param name="source">The neighbour's link.</param>
    /// <param name="asked">The position that was asked for; 0 for the end.</param>
    /// <param name="stretch">The answer. It is verified.</param>
    /// <param name="now">When it came.</param>
    /// <returns>False, and nothing changed, if it is of no use.</returns>
    public bool Take(LinkId source, ulong asked, RecalledStretch stretch, long now)
    {
        if (asked == 0)
        {
            if (stretch.Segments.Count == 0)
                return false;
            var overlaps = stretch.Segments.Any(segment => segments.ContainsKey(segment.Header.Hash));
            if (!overlaps)
                Clear();
            if (!overlaps || source != Source)
                (Source, Before) = (source, stretch.Before);
            SeenAt = now;
        }
        else if (source == Source && asked == Before)
        {
            Before = stretch.Before;
        }
        else
        {
            // An answer that came so late that another neighbour has taken over.
            return false;
        }

        foreach (var (header, body) in stretch.Segments)
            // What shows nothing is not kept either: its author may sign any number of it.
            if (!segments.ContainsKey(header.Hash) && Read(new FeedSegment(0, header, body)).ToArray() is { Length: > 0 } messages)
            {
                segments[header.Hash] = (header, messages);
                Weight += Weigh(header);
            }

        Order();
        if (stretch.Segments.Count > 0)
            Oldest = FindOldest(stretch);
        Trim();
        return true;
    }

    /// <summary>Lets go of what is held and indexed by now.</summary>
    public void Drop(Backlog backlog)
    {
        var held = segments.Values.Select(segment => segment.Header).Where(header => header.LastSequence <= backlog.Find(header.LogId).Durable).ToList();
        foreach (var header in held)
            Remove(header);
        if (held.Count > 0)
            Order();
    }

    /// <summary>What is kept of it counts for so much.</summary>
    public static long Weigh(SegmentHeader header) => header.Weight + (long)header.Count * HistoryLimits.AheadMessageWeight;

    private void Clear()
    {
        segments.Clear();
        (Weight, Before, Oldest) = (0, 0, HistoryPlace.End);
    }

    /// <summary>The oldest go first, and nothing earlier is asked for any more.</summary>
    private void Trim()
    {
        if (Weight <= HistoryLimits.AheadPerConversation)
            return;
        Before = 0;
        foreach (var message in Messages)
        {
            if (Weight <= HistoryLimits.AheadPerConversation)
                break;
            Remove(message.Segment.Header);
        }

        Order();
    }

    private void Remove(SegmentHeader header)
    {
        if (segments.Remove(header.Hash))
            Weight -= Weigh(header);
    }

    private HistoryPlace FindOldest(RecalledStretch stretch)
    {
        var seen = stretch.Segments.Select(segment => segment.Header.Hash).ToHashSet();
        var first = Messages.FirstOrDefault(message => seen.Contains(message.Segment.Header.Hash));
        return first.Segment is null ? Oldest : first.Place;
    }

    private void Order() => Messages = [.. segments.Values.SelectMany(segment => segment.Messages).OrderBy(message => message.Place)];

    private static IEnumerable<AheadMessage> Read(FeedSegment segment)
    {
        var entries = SegmentBodyReader.Read(segment.Header, segment.Body);
        for (var index = 0; index < entries.Length; index++)
            if (entries[index] is { Content: not null } entry)
                yield return new AheadMessage(HistoryPlace.Of(segment.Header, index, entry.Clock), segment, index);
    }
}
