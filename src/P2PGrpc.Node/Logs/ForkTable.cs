using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Keeps proofs of forks and freezes their logs. Writer thread only, inside its transaction.</summary>
internal sealed class ForkTable(StoreConnection connection, LogTable logs)
{
    /// <summary>The proof that is kept of this log's fork, stored now if there was none; null if nothing is proved.</summary>
    public ForkProof? Freeze(FreezeWork work)
    {
        if (work.First.LogId != work.Log)
            return null;
        var log = logs.Find(work.Log);
        if (log is { Frozen: true })
            return Read(log);
        var second = work.Second ?? (log is null ? null : FindRival(log, work.First));
        if (second is null || !ForkRule.Proves(work.First, second))
            return null;
        log ??= logs.Require(work.First.Log, work.Log);
        connection.Execute(
            "INSERT INTO fork_proof (log, first, second) VALUES ($1, $2, $3)",
            log.Id, SegmentRow.Encode(work.First), SegmentRow.Encode(second));
        connection.Execute("UPDATE log SET frozen = 1 WHERE id = $1", log.Id);
        log.Frozen = true;
        return new ForkProof(work.First, second);
    }

    private ForkProof? Read(StoredLog log) => ReadProof(connection, log.LogId);

    /// <summary>The proof that is kept of a log's fork, good to be shown to others; null if there is none, or it is damaged.</summary>
    public static ForkProof? ReadProof(StoreConnection connection, LogId log)
    {
        using var row = connection.Bind(
            "SELECT first, second FROM fork_proof WHERE log = (SELECT id FROM log WHERE log_id = $1)", log.Value.ToArray()).ExecuteReader();
        return row.Read()
            && row.GetValue(0) is byte[] first && SegmentRow.Decode(first) is { } firstHeader && SegmentVerification.FindFault(firstHeader) is null
            && row.GetValue(1) is byte[] second && SegmentRow.Decode(second) is { } secondHeader && SegmentVerification.FindFault(secondHeader) is null
            && ForkRule.Proves(firstHeader, secondHeader)
            ? new ForkProof(firstHeader, secondHeader)
            : null;
    }

    /// <summary>A stored header that can't stand in one chain with this one.</summary>
    private SegmentHeader? FindRival(StoredLog log, SegmentHeader header)
    {
        using var row = connection.Bind(
            $"SELECT {SegmentRow.HeaderColumns} FROM segment s WHERE log = $1 AND first_sequence <= $2 ORDER BY first_sequence DESC",
            log.Id, (long)header.LastSequence).ExecuteReader();
        while (row.Read() && SegmentRow.ReadHeader(row) is { } stored && stored.LastSequence >= header.FirstSequence)
        {
            if (ForkRule.Proves(header, stored))
                return stored;
        }

        return null;
    }
}
