using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using SQLitePCL;

namespace P2PGrpc.Node.History;

/// <summary>Follows the feed and keeps the history's index up to it: beside the write path, in a database of its own, at low priority unless somebody waits for it.
/// What goes wrong here harms neither the logs nor the node. Thread-safe.</summary>
internal sealed class HistoryIndexer : IAsyncDisposable
{
    private readonly LogStore store;
    private readonly string path;
    private readonly PeerId self;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly ReaderPool readers;
    private readonly CancellationTokenSource stopping = new();
    private readonly Signal wake = new();
    private readonly Signal hurry = new();
    private readonly FeedHead indexed = new();
    private Task running = Task.CompletedTask;
    private TaskCompletionSource? rebuilding;
    private volatile string? fault;
    private volatile bool repaired = true;
    private volatile bool erased = true;
    private int waiting;
    private bool discarded;

    public HistoryIndexer(LogStore store, string path, PeerId self, TimeProvider time, ILogger log)
    {
        this.store = store;
        this.path = path;
        this.self = self;
        this.time = time;
        this.log = log;
        readers = new ReaderPool(path, idleLimit: 2);
        store.Committed += OnCommitted;
        store.Repaired += OnRepaired;
        store.Erased += OnErased;
    }

    /// <summary>The size of the index, in pages, at which the disk counts as full, for tests; 0: none.</summary>
    public long MaximumPages { get; init; }

    /// <summary>Bytes that are free on the disk of a directory; null where that is not known.</summary>
    public Func<string, long?> FindRoom { get; init; } = DiskRoom.Find;

    public void Start() => running = Task.Run(RunAsync);

    /// <summary>Messages that are held and not indexed yet.</summary>
    public ulong Behind
    {
        get
        {
            // In this order: what is indexed is never more than what is held.
            var (done, held) = (indexed.Last, store.LastPosition);
            return held - Math.Min(done, held);
        }
    }

    /// <summary>Waits until all that is held now is indexed, but not longer than is sensible for somebody who looks on.</summary>
    /// <returns>How many messages are missing still.</returns>
    public Task<ulong> CatchUpAsync(CancellationToken cancellationToken) => CatchUpAsync(HistoryLimits.Patience, cancellationToken);

    /// <summary>The same for somebody with another patience.</summary>
    public async Task<ulong> CatchUpAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var target = store.LastPosition;
        if (indexed.Last >= target)
            return Behind;
        Interlocked.Increment(ref waiting);
        try
        {
            Hurry();
            await indexed.WaitBeyondAsync(target - 1, cancellationToken).WaitAsync(patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The answer says how much is missing.
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }

        return Behind;
    }

    /// <summary>Empties the index and begins anew. Completes when it is empty.</summary>
    /// <exception cref="StoreException">It can't be emptied, because the disk is full for example. It stays as it was.</exception>
    public async Task RebuildAsync(CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = Interlocked.CompareExchange(ref rebuilding, mine, null) ?? mine;
        Hurry();
        await asked.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs a short read of the index.</summary>
    /// <exception cref="StoreException">It can't be read now; the message says why.</exception>
    public T Read<T>(Func<StoreConnection, T> read) => fault is { } why ? throw new StoreException(StoreFailure.Halted, why) : readers.Read(read);

    public async ValueTask DisposeAsync()
    {
        store.Committed -= OnCommitted;
        store.Repaired -= OnRepaired;
        store.Erased -= OnErased;
        // Readers first: SQLite empties the write-ahead log into the database only when the writer is the last to close.
        readers.Dispose();
        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        rebuilding?.TrySetCanceled();
        indexed.Close();
        stopping.Dispose();
    }

    private void Hurry()
    {
        wake.Set();
        hurry.Set();
    }

    private void OnCommitted(CommittedSegment segment) => wake.Set();

    private void OnRepaired(LogId logId, Head head, ulong? position, StoreFailure? failure)
    {
        if (position is null)
            return;
        repaired = true;
        wake.Set();
    }

    private void OnErased(ErasedBodies bodies)
    {
        erased = true;
        wake.Set();
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var connection = Open();
                fault = null;
                await FollowAsync(connection, new HistoryTables(connection, self)).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (ObjectDisposedException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                await RecoverAsync(error).ConfigureAwait(false);
            }
        }
    }

    /// <summary>An index that belongs to another state of the feed, because a copy of the database was put back, is begun anew.</summary>
    private StoreConnection Open()
    {
        var connection = HistorySchema.Open(path, MaximumPages);
        try
        {
            var progress = new HistoryTables(connection, self).ReadProgress();
            if (progress.Position > 0 && (progress.Position > store.LastPosition || (store.FindCheck(progress.Position) ?? 0) != progress.Check))
            {
                HistoryLog.FeedChanged(log);
                HistorySchema.Clear(connection);
                progress = default;
            }

            indexed.Publish(progress.Position);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private async Task FollowAsync(StoreConnection connection, HistoryTables tables)
    {
        while (true)
        {
            stopping.Token.ThrowIfCancellationRequested();
            if (Volatile.Read(ref rebuilding) is { } asked)
                Rebuild(connection, tables, asked);
            if (repaired)
            {
                repaired = false;
                AddRepaired(connection, tables);
            }

            if (erased)
            {
                erased = false;
                if (InTransaction(connection, tables, () => new HistoryErasure(connection).Follow(store.ReadErased(), ReadSpared(), indexed.Last)))
                    erased = true;
            }

            if (!erased && indexed.Last >= store.LastPosition)
            {
                await wake.WaitAsync(stopping.Token).ConfigureAwait(false);
                await PauseAsync(HistoryLimits.Gathering).ConfigureAwait(false);
                continue;
            }

            var (begun, before, from) = (time.GetTimestamp(), store.LastPosition, indexed.Last);
            indexed.Publish(InTransaction(connection, tables, () => AddNext(tables, from)));
            tables.Trim();

            // Where messages stream in, work on them must not take the processor from those who send and receive them.
            var isLoaded = (store.LastPosition - before) * HistoryLimits.ShareUnderLoad > indexed.Last - from;
            if (indexed.Last < store.LastPosition)
                await PauseAsync(time.GetElapsedTime(begun) * ((isLoaded ? HistoryLimits.ShareUnderLoad : HistoryLimits.Share) - 1)).ConfigureAwait(false);
        }
    }

    /// <summary>Lets time pass, unless somebody waits for the index.</summary>
    private async Task PauseAsync(TimeSpan pause)
    {
        var end = time.GetTimestamp();
        var whole = pause < HistoryLimits.LongestPause ? pause : HistoryLimits.LongestPause;
        while (Volatile.Read(ref waiting) == 0 && Volatile.Read(ref rebuilding) is null && time.GetElapsedTime(end) is var passed && passed < whole)
            await hurry.WaitAsync(whole - passed, time, stopping.Token).ConfigureAwait(false);
    }

    /// <summary>Lets time pass before the next attempt, unless somebody asks for a rebuild: that is tried at once, and tells whether there is room by now.</summary>
    private async Task PauseAfterFailureAsync(bool isBusy)
    {
        var begun = time.GetTimestamp();
        while (!stopping.IsCancellationRequested && (isBusy || Volatile.Read(ref rebuilding) is null)
            && time.GetElapsedTime(begun) is var passed && passed < HistoryLimits.RetryDelay)
            await hurry.WaitAsync(HistoryLimits.RetryDelay - passed, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Rebuild(StoreConnection connection, HistoryTables tables, TaskCompletionSource asked)
    {
        // Emptying it may succeed where filling it again does not.
        if (FindRoom(Path.GetDirectoryName(Path.GetFullPath(path))!) < HistoryLimits.RebuildRoom)
        {
            RefuseRebuild(NoRoom(null));
            return;
        }

        HistorySchema.Clear(connection);
        tables.Forget();
        indexed.Publish(0);
        Volatile.Write(ref rebuilding, null);
        asked.TrySetResult();
    }

    private static T InTransaction<T>(StoreConnection connection, HistoryTables tables, Func<T> work)
    {
        connection.Begin();
        try
        {
            var result = work();
            connection.Commit();
            return result;
        }
        catch
        {
            connection.RollBack();
            tables.Forget();
            throw;
        }
    }

    /// <summary>Indexes the next stretch of the feed.</summary>
    /// <returns>The position that it ends with.</returns>
    private ulong AddNext(HistoryTables tables, ulong after)
    {
        var page = store.ReadFeed(after, HistoryLimits.SegmentsPerBatch, HistoryLimits.BytesPerBatch);
        foreach (var segment in page.Segments)
        {
            tables.Add(segment);
            after = segment.LastPosition;
        }

        if (page.Damaged is { } damaged)
        {
            tables.AddMissing(damaged);
            after = damaged.LastPosition;
        }

        tables.WriteProgress(new FeedCursor(after, store.FindCheck(after) ?? 0));
        return after;
    }

    private HashSet<ulong> ReadSpared()
    {
        var spared = new HashSet<ulong>();
        for (var after = 0ul; store.ReadSpared(after, HistoryLimits.SegmentsPerBatch) is { Count: > 0 } rows; after = rows[^1].FirstPosition)
            spared.UnionWith(rows.Select(row => row.FirstPosition));
        return spared;
    }

    /// <summary>Looks again at what could not be read, each place by itself: a late segment is counted for all behind it, which takes long in a long conversation.</summary>
    private void AddRepaired(StoreConnection connection, HistoryTables tables)
    {
        foreach (var (first, last) in tables.ReadMissing(HistoryLimits.RetriedPlaces))
        {
            stopping.Token.ThrowIfCancellationRequested();
            var page = store.ReadFeed(first - 1, HistoryLimits.SegmentsPerBatch, HistoryLimits.BytesPerBatch);
            if (page.Segments.TakeWhile(segment => segment.FirstPosition <= last).ToList() is { Count: > 0 } readable)
                InTransaction(connection, tables, () => AddRepaired(tables, readable, first, last));
        }
    }

    private static ulong AddRepaired(HistoryTables tables, List<FeedSegment> readable, ulong first, ulong last)
    {
        foreach (var segment in readable)
            tables.Add(segment);
        var end = readable[^1].LastPosition;
        tables.CountLate(end);
        tables.RemoveMissing(first);
        if (end < last)
            tables.AddMissing(new DamagedSegment(end + 1, last, CanBeFetched: false));
        return end;
    }

    /// <summary>Waits for better times. A file that is no database any more is put away: all of it can be built again.</summary>
    private async Task RecoverAsync(Exception error)
    {
        // What is indexed can be read on a full disk, too.
        if (error is not SqliteException { SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_BUSY })
            fault = $"The history can't be shown now: {error.Message}";
        HistoryLog.Failed(log, error.Message);
        repaired = erased = true;
        readers.CloseIdle();
        if (error is SqliteException { SqliteErrorCode: raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB } && !discarded)
        {
            discarded = true;
            if (TryDiscard())
                return;
        }

        discarded = false;
        // Another user of the file, as when it is copied, is soon done: that is waited for.
        var isBusy = error is SqliteException { SqliteErrorCode: raw.SQLITE_BUSY };
        if (!isBusy)
            RefuseRebuild(error is SqliteException { SqliteErrorCode: raw.SQLITE_FULL }
                ? NoRoom(error)
                : new StoreException(StoreFailure.Halted, $"The index of the history can't be built anew now: {error.Message}", error));
        await PauseAfterFailureAsync(isBusy).ConfigureAwait(false);
    }

    /// <summary>Who waits for a rebuild is told that there is none.</summary>
    private void RefuseRebuild(StoreException refusal) => Interlocked.Exchange(ref rebuilding, null)?.TrySetException(refusal);

    private static StoreException NoRoom(Exception? error) => new(
        StoreFailure.Full,
        $"The disk of this node is full: the index of the history can't be built anew, and stays as it was. Free some space, {HistoryLimits.RebuildRoom >> 20} MiB at least, "
        + "and try again.",
        error);

    private bool TryDiscard()
    {
        try
        {
            foreach (var file in new[] { path, path + DataFiles.WriteAheadLog, path + DataFiles.SharedMemory })
                File.Delete(file);
            return true;
        }
        catch (Exception kept) when (kept is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
