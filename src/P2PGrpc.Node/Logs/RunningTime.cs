using Microsoft.Data.Sqlite;

namespace P2PGrpc.Node.Logs;

/// <summary>How long this node has been running, over all its starts, in milliseconds. Ages are counted by it, because a wall clock jumps. The database keeps it;
/// a crash takes back what has passed since it was kept last. Thread-safe.</summary>
internal sealed class RunningTime(TimeProvider time)
{
    private readonly long startedAt = time.GetTimestamp();
    private long ranBefore;
    private bool isLoaded;

    public long Milliseconds => Volatile.Read(ref ranBefore) + (long)time.GetElapsedTime(startedAt).TotalMilliseconds;

    /// <summary>Goes on where the database says. Where it is opened again after an error, this process knows better. One caller at a time.</summary>
    public void Load(StoreConnection connection)
    {
        if (isLoaded)
            return;
        Volatile.Write(ref ranBefore, connection.ReadScalar("SELECT milliseconds FROM running_time") is long milliseconds ? milliseconds : 0);
        isLoaded = true;
    }

    /// <summary>Keeps the time, as a part of the transaction that is open.</summary>
    public void Keep(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "UPDATE running_time SET milliseconds = $1";
        command.Parameters.AddWithValue("$1", Milliseconds);
        command.ExecuteNonQuery();
    }
}
