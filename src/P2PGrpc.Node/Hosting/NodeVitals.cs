using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Hosting;

/// <summary>Asks the parts without which a node does nothing whether they still work, by giving each of them something to do: a flag that says so may be older than
/// what has stopped them. Thread-safe.</summary>
internal sealed class NodeVitals(LogStore store, ReplicationLoop replication, ApiLifetime lifetime, TimeProvider time)
{
    /// <summary>How long a part may take to answer. A disk under load may hold up one transaction for seconds; who asks does so at most a few times a minute.</summary>
    public static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    /// <summary>Whoever asks again within this time is given the same answer: the health port is open to whoever reaches it, and must not keep the store busy.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private Task<string?>? latest;
    private long answeredAt;

    /// <summary>Null if the node does its work, else a sentence that says why not. A full disk is no fault of the node's: it serves what it holds, and
    /// another start would not help.</summary>
    public Task<string?> FindFaultAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (latest is null || (latest.IsCompleted && time.GetElapsedTime(Volatile.Read(ref answeredAt)) >= Freshness))
                latest = AnswerAsync();
            return latest.WaitAsync(cancellationToken);
        }
    }

    private async Task<string?> AnswerAsync()
    {
        var fault = await AskAsync().ConfigureAwait(false);
        Volatile.Write(ref answeredAt, time.GetTimestamp());
        return fault;
    }

    private async Task<string?> AskAsync()
    {
        if (lifetime.IsStopping)
            return "The node is stopping.";
        if (replication.IsStopped)
            return "Replication has stopped because a rule of its own was broken: restart the node.";
        if (store.Health is { Writable: false, Error: { } error })
            return error;
        using var limit = new CancellationTokenSource(AnswerTime, time);
        return await AskStoreAsync(limit.Token).ConfigureAwait(false) ?? await AskReplicationAsync(limit.Token).ConfigureAwait(false);
    }

    private async Task<string?> AskStoreAsync(CancellationToken limit)
    {
        try
        {
            await store.WriteAsync(new Nothing(), limit).ConfigureAwait(false);
            return null;
        }
        catch (StoreException full) when (full.Failure == StoreFailure.Full)
        {
            return null;
        }
        catch (StoreException failed)
        {
            return failed.Message;
        }
        catch (ObjectDisposedException)
        {
            return "The node is stopping.";
        }
        catch (OperationCanceledException)
        {
            return $"The store has not answered for {AnswerTime.TotalSeconds:0} s.";
        }
    }

    private async Task<string?> AskReplicationAsync(CancellationToken limit)
    {
        try
        {
            await replication.MeasureAsync(default, Array.Empty<LogKey>(), limit).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException)
        {
            return $"Replication has not answered for {AnswerTime.TotalSeconds:0} s.";
        }
    }

    /// <summary>A transaction without content costs no flush.</summary>
    private sealed class Nothing : WriteOperation
    {
        public override bool MakesRoom => true;

        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
        }
    }
}
