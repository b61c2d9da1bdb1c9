using P2PGrpc.Core.Logs;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using LogHead = P2PGrpc.Core.Replication.LogHead;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>A member that makes as many logs as it can: each is kept for ever.</summary>
internal static class LogAttacks
{
    private const int LogsPerTell = 200;

    /// <summary>A new log with every segment.</summary>
    public static Task ManyLogsAsync(Attacker attacker, PeerIds ids, CancellationToken stop) => Attacker.RepeatAsync(2, async cancellationToken =>
    {
        await using var link = await attacker.JoinAsync(cancellationToken);
        while (true)
        {
            var segments = new Dictionary<LogId, Frame>();
            var heads = new List<LogHead>();
            for (var index = 0; index < LogsPerTell; index++)
            {
                var factory = new SegmentFactory(attacker.Key, ids.Victim);
                var segment = factory.Next(10);
                segments.Add(segment.Header.LogId, SegmentFactory.Write(segment));
                heads.Add(new LogHead(factory.Log, segment.Header.LogId, segment.Header.Head));
            }

            await link.SayAsync(HaveFrames.Write(heads, null), cancellationToken);
            await GiveAsync(attacker, link, segments, cancellationToken);
        }
    }, stop);

    /// <summary>Proofs of forks in logs that nobody ever saw.</summary>
    public static Task ProofsAloneAsync(Attacker attacker, PeerIds ids, CancellationToken stop) => Attacker.RepeatAsync(2, async cancellationToken =>
    {
        await using var link = await attacker.JoinAsync(cancellationToken);
        while (!link.Connection.Data.Completion.IsCompleted)
        {
            var segments = new SegmentFactory(attacker.Key, ids.Victim);
            var empty = segments.Log.ToLogId().Empty;
            await link.SayAsync(ForkProofFrames.Write(segments.Make(empty, "one").Header, segments.Make(empty, "other").Header), cancellationToken);
            attacker.Count();
        }
    }, stop);

    /// <summary>Gives what is wanted of some logs, until all are had or the node will have no more.</summary>
    private static async Task GiveAsync(Attacker attacker, RawLink link, Dictionary<LogId, Frame> segments, CancellationToken cancellationToken)
    {
        while (segments.Count > 0)
        {
            var frame = await link.HearAsync(cancellationToken) ?? throw new IOException("The node has hung up.");
            if (frame.KindCase == Frame.KindOneofCase.Refuse)
            {
                await Eventually.PauseAsync(1);
                return;
            }

            if (frame.KindCase != Frame.KindOneofCase.Want || !LogId.TryRead(frame.Want.LogId.Span, out var logId) || !segments.Remove(logId, out var segment))
                continue;
            await link.SayAsync(segment, cancellationToken);
            attacker.Count();
        }
    }
}
