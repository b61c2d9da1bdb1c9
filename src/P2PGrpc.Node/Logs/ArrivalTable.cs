namespace P2PGrpc.Node.Logs;

/// <summary>Notes now and then which position comes next, and the running time: so the age of what came before is known, to the hour, without a word about it in each
/// segment. Writer thread only, but for the reading.</summary>
internal sealed class ArrivalTable(StoreConnection connection, RunningTime runningTime, LogTable logs)
{
    /// <summary>The least time between two notes: ages are given in days, and a note is a row for ever.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromHours(1);

    /// <summary>Keeps the running time, and notes the next position if anything came since the last note and that is old enough.</summary>
    public void Mark()
    {
        var now = runningTime.Milliseconds;
        KeepRunningTime();
        var next = logs.NextPosition;
        using (var row = connection.Bind("SELECT position, running FROM arrival ORDER BY position DESC LIMIT 1").ExecuteReader())
        {
            if (row.Read() && (SegmentRow.ReadPosition(row) >= next || now < (long)SegmentRow.ReadUnsigned(row, 1) + Step.TotalMilliseconds))
                return;
        }

        connection.Execute("INSERT INTO arrival (position, running) VALUES ($1, $2)", (long)next, now);
    }

    /// <summary>Keeps the running time: a write of a few bytes.</summary>
    public void KeepRunningTime() => runningTime.Keep(connection.Sqlite, connection.Transaction);

    /// <summary>The position before which everything has been here for at least so long; 0 if nothing is known to have been.</summary>
    public static ulong FindOlderThan(StoreConnection connection, TimeSpan age) => connection.ReadScalar(
        "SELECT max(position) FROM arrival WHERE running <= (SELECT milliseconds FROM running_time) - $1", (long)age.TotalMilliseconds) is long position
        ? (ulong)position
        : 0;
}
