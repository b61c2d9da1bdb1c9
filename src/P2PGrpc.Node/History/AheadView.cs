using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.History;

/// <summary>What of a conversation is shown ahead of replication, for one page. Immutable.</summary>
internal sealed class AheadView
{
    private readonly List<AheadMessage> messages;
    private readonly Dictionary<Bytes32, ulong> missingBefore = [];
    private readonly Dictionary<Bytes32, int> firstShown = [];
    private readonly HistoryPlace? goesOnFrom;

    /// <param name="seen">What was seen, in the order of the conversation.</param>
    /// <param name="backlog">How the logs stand: of those that would not be taken nothing is shown.</param>
    /// <param name="goesOnFrom">The oldest place that was seen, if more could be asked for; else null.</param>
    public AheadView(IReadOnlyList<AheadMessage> seen, Backlog backlog, HistoryPlace? goesOnFrom)
    {
        this.goesOnFrom = goesOnFrom;
        messages = [.. seen.Where(message => backlog.Find(message.Segment.Header.LogId).Taken)];
        foreach (var message in messages)
        {
            var hash = message.Segment.Header.Hash;
            firstShown[hash] = Math.Min(message.Index, firstShown.GetValueOrDefault(hash, int.MaxValue));
        }

        foreach (var log in messages.Select(message => message.Segment.Header).DistinctBy(header => header.Hash).GroupBy(header => header.LogId))
        {
            var through = backlog.Find(log.Key).Durable;
            foreach (var header in log.OrderBy(header => header.FirstSequence))
            {
                if (header.FirstSequence > through + 1)
                    missingBefore[header.Hash] = header.FirstSequence - through - 1;
                through = Math.Max(through, header.LastSequence);
            }
        }
    }

    /// <summary>Nothing is shown ahead.</summary>
    public static AheadView Nothing { get; } = new([], Backlog.None, null);

    public bool IsEmpty => messages.Count == 0;

    /// <summary>Those next to a place, the nearest first.</summary>
    public IEnumerable<AheadMessage> List(HistoryPlace place, bool older, int count)
    {
        var from = FindFirst(place, behind: !older);
        return older ? messages.Take(from).Reverse().Take(count) : messages.Skip(from).Take(count);
    }

    /// <summary>Messages of the same log right before this one that are neither held nor seen.</summary>
    public ulong CountMissingBefore(AheadMessage message)
    {
        var hash = message.Segment.Header.Hash;
        return firstShown.GetValueOrDefault(hash) == message.Index ? missingBefore.GetValueOrDefault(hash) : 0;
    }

    /// <summary>True if more could be asked for before a place: whoever goes on there finds more than is known now.</summary>
    public bool GoesOnBefore(HistoryPlace place) => goesOnFrom is { } from && place.CompareTo(from) >= 0;

    /// <summary>The index of the first message that does not lie before a place, or that lies behind it.</summary>
    private int FindFirst(HistoryPlace place, bool behind)
    {
        var (low, high) = (0, messages.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = messages[middle].Place.CompareTo(place);
            if (order < 0 || (behind && order == 0))
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
