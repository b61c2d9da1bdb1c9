using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Looks whether what points into the logs leads somewhere: heads, cursors of peers and consumers, proofs of forks.</summary>
/// <param name="connection">A reader's.</param>
/// <param name="logs">The logs, with their chains followed.</param>
/// <param name="last">The position up to which they were.</param>
/// <param name="tell">Told of each fault.</param>
internal sealed class CursorCheck(StoreConnection connection, IReadOnlyDictionary<long, ChainedLog> logs, ulong last, Action<string> tell)
{
    private readonly Dictionary<LogId, long> byLogId = logs.ToDictionary(log => log.Value.LogId, log => log.Key);

    public void Run(CancellationToken cancellationToken)
    {
        foreach (var (id, log) in logs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            CheckHead(id, log);
            if (log.Frozen && ForkTable.ReadProof(connection, log.LogId) is null)
                tell($"log {log.LogId}: it is frozen, and the proof of its fork is missing or damaged");
        }

        CheckPeers();
        CheckConsumers();
    }

    /// <summary>The index by logs is a second witness of where a log ends.</summary>
    private void CheckHead(long id, ChainedLog log)
    {
        using var row = connection.Bind(
            $"SELECT {SegmentRow.HeaderColumns} FROM segment s WHERE log = $1 AND position <= $2 ORDER BY first_sequence DESC LIMIT 1", id, (long)last).ExecuteReader();
        var head = row.Read() ? SegmentRow.ReadHead(row) : log.LogId.Empty;
        if (log.Head is { } followed && head is { } indexed && followed != indexed)
            tell($"log {log.LogId}: by the index it ends at {indexed.Sequence}, by the feed at {followed.Sequence}");
    }

    private void CheckPeers()
    {
        var cursors = new List<(LogId Log, ulong Sequence)>();
        using (var row = connection.Bind("SELECT log_id, sequence FROM peer_cursor").ExecuteReader())
        {
            while (row.Read())
                if (SegmentRow.ReadBytes32(row, 0) is { } logId)
                    cursors.Add((new LogId(logId), SegmentRow.ReadUnsigned(row, 1)));
        }

        foreach (var (log, sequence) in cursors)
            if (!byLogId.TryGetValue(log, out var id))
                tell($"log {log}: a peer has acknowledged it, and it is not here");
            else if (!IsEnd(id, sequence))
                tell($"log {log}: a peer's cursor, {sequence}, is not the end of one of its segments");
    }

    private bool IsEnd(long log, ulong sequence) => connection.ReadScalar(
        "SELECT first_sequence + count - 1 = $2 FROM segment WHERE log = $1 AND first_sequence <= $2 ORDER BY first_sequence DESC LIMIT 1", log, (long)sequence) is 1L;

    private void CheckConsumers()
    {
        var consumers = new List<(string Name, ulong Position, ulong Check)>();
        using (var row = connection.Bind("SELECT name, position, check_value FROM consumer").ExecuteReader())
        {
            while (row.Read())
                consumers.Add((row.GetString(0), SegmentRow.ReadUnsigned(row, 1), SegmentRow.ReadUnsigned(row, 2)));
        }

        foreach (var (name, position, check) in consumers)
            if (position != 0 && position <= last && FindCheck(position) is { } stored && stored != check)
                tell($"consumer '{name}': its cursor, {position}, was one into another state of this database");
            else if (position > last && FindCheck(position) is null)
                tell($"consumer '{name}': its cursor, {position}, lies behind the end");
    }

    private ulong? FindCheck(ulong position)
    {
        using var row = connection.Bind(
            $"SELECT {SegmentRow.HeaderColumns} FROM segment s WHERE position <= $1 ORDER BY position DESC LIMIT 1", (long)position).ExecuteReader();
        return row.Read() && position < SegmentRow.ReadPosition(row) + SegmentRow.ReadUnsigned(row, 2) && SegmentRow.ReadHead(row) is { } head ? head.Hash.Prefix : null;
    }
}
