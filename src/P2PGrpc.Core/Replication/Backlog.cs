using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>How far a log is held here, and whether more of it would be taken.</summary>
internal readonly record struct LogStanding(ulong Durable, bool Taken);

/// <summary>What of a conversation is still to come. Immutable.</summary>
/// <param name="Missing">Messages that linked peers told of, that would be taken, and that are not on disk here. What a quota keeps out, and what a peer told of and then did
/// not give, is not among them.</param>
/// <param name="Holders">The links whose peers hold some of that, those that hold the most first.</param>
/// <param name="Standings">How the logs stand that were asked about.</param>
internal sealed record Backlog(ulong Missing, IReadOnlyList<LinkId> Holders, IReadOnlyDictionary<LogId, LogStanding> Standings)
{
    /// <summary>Through which sequence linked peers are known to hold the logs that were asked about.</summary>
    public IReadOnlyDictionary<LogId, IReadOnlyDictionary<PeerId, ulong>> Holdings { get; init; } = new Dictionary<LogId, IReadOnlyDictionary<PeerId, ulong>>();

    /// <summary>Nothing is known to be missing.</summary>
    public static Backlog None { get; } = new(0, [], new Dictionary<LogId, LogStanding>());

    /// <summary>How a log stands. One that nothing is known of is not held, and would be taken.</summary>
    public LogStanding Find(LogId log) => Standings.TryGetValue(log, out var standing) ? standing : new LogStanding(0, Taken: true);

    /// <summary>Pure.</summary>
    public static Backlog Measure(ConversationState? conversation, IReadOnlyCollection<LogKey> asked)
    {
        if (conversation is null)
            return None;
        var missing = 0ul;
        var holders = new Dictionary<LinkId, ulong>();
        foreach (var log in conversation.Logs.Values)
        {
            if (!log.Known || !log.Taken || log.WaitsFor is { Full: true })
                continue;
            var durable = log.Durable.Sequence;
            var furthest = durable;
            foreach (var linkedLog in log.Links)
            {
                if (linkedLog.Head.Sequence <= durable || linkedLog.Refused || linkedLog.Failures >= PusherChoice.MaximumFailures)
                    continue;
                furthest = Math.Max(furthest, linkedLog.Head.Sequence);
                holders[linkedLog.Link.Id] = Add(holders.GetValueOrDefault(linkedLog.Link.Id), linkedLog.Head.Sequence - durable);
            }

            missing = Add(missing, furthest - durable);
        }

        var standings = new Dictionary<LogId, LogStanding>();
        var holdings = new Dictionary<LogId, IReadOnlyDictionary<PeerId, ulong>>();
        foreach (var key in asked)
        {
            var logId = key.ToLogId();
            if (!conversation.Logs.TryGetValue(logId, out var log))
            {
                standings[logId] = new LogStanding(0, conversation.Wants(key.Author));
                continue;
            }

            standings[logId] = new LogStanding(log.Durable.Sequence, log.Taken);
            holdings[logId] = log.Links.ToDictionary(linkedLog => linkedLog.Link.Peer, linkedLog => linkedLog.Head.Sequence);
        }

        return new Backlog(missing, [.. holders.OrderByDescending(holder => holder.Value).ThenBy(holder => holder.Key.Value).Select(holder => holder.Key)], standings)
        {
            Holdings = holdings,
        };
    }

    /// <summary>What others tell may be any number.</summary>
    private static ulong Add(ulong sum, ulong more) => sum > ulong.MaxValue - more ? ulong.MaxValue : sum + more;
}
