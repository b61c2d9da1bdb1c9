namespace P2PGrpc.Node.Logs;

/// <summary>The time for which the node has been running, over all its processes, as the database keeps it: ages are counted in it, because a wall clock that jumps must
/// make nothing old. What passed since it was kept last is lost with the process. Writer thread only.</summary>
internal sealed class RunningTime(StoreConnection connection, TimeProvider time)
{
    private readonly long ranBefore = connection.ReadScalar("SELECT milliseconds FROM running_time") is long milliseconds ? milliseconds : 0;
    private readonly long openedAt = time.GetTimestamp();

    /// <summary>Milliseconds by now.</summary>
    public long Read() => ranBefore + (long)time.GetElapsedTime(openedAt).TotalMilliseconds;

    public void Keep() => connection.Execute("UPDATE running_time SET milliseconds = $1", Read());
}
