using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>Read-only connections, one a reader at a time, some kept open. Thread-safe.</summary>
internal sealed class ReaderPool(string path, int idleLimit) : IDisposable
{
    private readonly ConcurrentBag<StoreConnection> idle = [];
    private volatile bool closed;

    /// <summary>Runs a short read. What it returns must not depend on the connection any more.</summary>
    /// <exception cref="StoreException">The database could not be read (Halted).</exception>
    public T Read<T>(Func<StoreConnection, T> read)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        StoreConnection? connection = null;
        try
        {
            if (!idle.TryTake(out connection))
                connection = StoreConnection.OpenReader(path);
            var result = read(connection);
            Return(connection);
            return result;
        }
        catch (SqliteException exception)
        {
            connection?.Dispose();
            throw new StoreException(StoreFailure.Halted, $"The database could not be read: {exception.Message}", exception);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>Closes what is idle, so that a recovery starts from the disk as far as it can.</summary>
    public void CloseIdle()
    {
        while (idle.TryTake(out var connection))
            connection.Dispose();
    }

    public void Dispose()
    {
        closed = true;
        CloseIdle();
    }

    private void Return(StoreConnection connection)
    {
        if (closed || idle.Count >= idleLimit)
        {
            connection.Dispose();
            return;
        }

        idle.Add(connection);

        // A dispose in between has not seen this one.
        if (closed)
            CloseIdle();
    }
}
