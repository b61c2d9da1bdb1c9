using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Telemetry;
using SQLitePCL;

namespace P2PGrpc.Node.Logs;

/// <summary>The one writer: a thread that takes whatever has gathered, commits it with one flush to disk, and only then tells. Everything
/// that it raises comes from its thread and outside any lock, in order of position.</summary>
internal sealed class StoreWriter
{
    private readonly LogStoreOptions options;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly Func<WriterSession> reopen;
    private readonly PeerCursors cursors;
    private readonly FeedHead feedHead;
    private readonly RecentSegments recent;
    private readonly ReaderPool readers;
    private readonly QueueRoom room;

    // Awaited work is bounded by the room, received segments by the credit that was given for them.
    private readonly WorkQueue queue = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer retry;
    private readonly List<StoreWork> batch = [];
    private readonly List<StoreEvent> events = [];
    private WriterSession? session;
    private readonly HashSet<Bytes32> unsettled = [];
    private readonly Refusals refusals = new();
    private long? recoveryTried;
    private volatile StoreHealth health = new(true, null);
    private long commits;

    public StoreWriter(
        LogStoreOptions options, WriterSession session, Func<WriterSession> reopen, PeerCursors cursors, FeedHead feedHead,
        RecentSegments recent, ReaderPool readers, QueueRoom room, TimeProvider time, ILogger logger)
    {
        this.options = options;
        this.session = session;
        this.reopen = reopen;
        this.cursors = cursors;
        this.feedHead = feedHead;
        this.recent = recent;
        this.readers = readers;
        this.room = room;
        this.time = time;
        this.logger = logger;
        Watchers = new StoreWatchers(logger, time);
        retry = time.CreateTimer(_ => TryEnqueue(new NudgeWork()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Those who are told.</summary>
    public StoreWatchers Watchers { get; }

    public StoreHealth Health => health;

    /// <inheritdoc cref="LogStore.Times"/>
    public CommitTimes? Times { get; set; }

    /// <summary>Transactions committed so far.</summary>
    public long Commits => Volatile.Read(ref commits);

    public void Start() => new Thread(Run) { IsBackground = true, Name = "store writer" }.Start();

    /// <summary>False once the writer is closing.</summary>
    public bool TryEnqueue(StoreWork work) => queue.TryAdd(work);

    /// <summary>Takes no more work, does what is queued, and closes the database.</summary>
    public async Task CloseAsync()
    {
        queue.Close();
        await ended.Task;
        await retry.DisposeAsync();
    }

    private void Run()
    {
        while (queue.TakeAll(batch, options.TransactionWeight))
        {
            Process(cursorsDue: batch.Exists(work => work is NudgeWork));
            batch.Clear();
        }

        Process(cursorsDue: true);
        if (cursors.HasChanges)
            StoreLog.CursorsLost(logger);
        CloseSession();
        ended.TrySetResult();
    }

    private void Process(bool cursorsDue)
    {
        if (!health.Writable && !TryRecover())
        {
            Refuse(StoreFailure.Halted, health.Error!, null);
            return;
        }

        var writesCursors = cursorsDue && cursors.HasChanges;
        // Those who go by the store's health may send nothing until it says that there is room: so it looks by itself.
        var looksForRoom = cursorsDue && health.Error is not null;
        if (!writesCursors && !looksForRoom && batch.TrueForAll(work => work is NudgeWork))
            return;
        bool hasWritten;
        try
        {
            hasWritten = Commit(writesCursors, looksForRoom);
        }
        catch (Exception exception)
        {
            if (exception is not SqliteException { SqliteErrorCode: raw.SQLITE_FULL } || !TryRollBack())
                Halt(exception);
            else if (batch.Exists(MakesRoom) && !batch.TrueForAll(MakesRoom))
                RefuseButTryWhatMakesRoom(exception);
            else
                RefuseFull(exception);
            return;
        }

        Publish(hasWritten);
    }

    private static bool MakesRoom(StoreWork work) => work is AwaitedWork { MakesRoom: true };

    /// <summary>What needs room must not keep from happening what makes room, however much of it comes.</summary>
    private void RefuseButTryWhatMakesRoom(Exception exception)
    {
        var makesRoom = batch.FindAll(MakesRoom);
        batch.RemoveAll(MakesRoom);
        RefuseFull(exception);
        batch.Clear();
        batch.AddRange(makesRoom);
        Process(cursorsDue: false);
    }

    /// <summary>False if nothing was written: that succeeds on a full disk, too.</summary>
    private bool Commit(bool writesCursors, bool looksForRoom)
    {
        var open = session!;
        var changes = open.Connection.Changes;
        Action? putCursorsBack = null;
        var begunAt = time.GetTimestamp();
        long flushedAt;
        try
        {
            open.Connection.Begin();
            refusals.Pending = false;
            foreach (var work in batch)
                WorkExecution.Apply(open, work, refusals, events);
            open.Appends.Seal(events);
            if (looksForRoom)
                open.Arrivals.KeepRunningTime();
            if (writesCursors)
                putCursorsBack = cursors.Write(open.Connection);
            flushedAt = time.GetTimestamp();
            open.Connection.Commit();
        }
        catch
        {
            putCursorsBack?.Invoke();
            throw;
        }

        Times?.Record(time.GetElapsedTime(begunAt), time.GetElapsedTime(flushedAt));
        open.Appends.Ended();
        open.Logs.Trim();
        Volatile.Write(ref commits, commits + 1);
        return open.Connection.Changes != changes;
    }

    /// <summary>All is on disk: shows it, tells it, answers.</summary>
    private void Publish(bool hasWritten)
    {
        if (health.Error is not null && hasWritten)
        {
            StoreLog.RoomAgain(logger);
            SetHealth(new StoreHealth(true, null));
        }

        // Those who wait go on while the watchers are told: whoever was answered can read what it wrote.
        ShowCommitted();
        foreach (var work in batch)
        {
            if (work is not AwaitedWork awaited)
                continue;
            room.Leave(awaited.Weight);
            awaited.Complete();
        }

        RaiseEvents();
    }

    private void ShowCommitted()
    {
        var last = feedHead.Last;
        foreach (var erased in events.OfType<StoreEvent.Erased>())
        {
            recent.ForgetThrough(erased.Bodies.Segments[^1].Last);
            cursors.Remove(erased.Bodies);
        }

        foreach (var committed in events.OfType<StoreEvent.Committed>())
        {
            last = committed.Segment.LastPosition;
            cursors.Advance(committed.Segment);
            if (committed.Body is { } body)
                recent.Add(new FeedSegment(committed.Segment.FirstPosition, committed.Segment.Header, body));
        }

        feedHead.Publish(last);
    }

    private void RaiseEvents()
    {
        foreach (var raised in events)
            Raise(raised);
        events.Clear();
    }

    private void Raise(StoreEvent raised)
    {
        if (raised is StoreEvent.Refused { Failure: StoreFailure.Full or StoreFailure.Halted } refused)
            refusals.Add(refused.Failure);
        Watchers.Raise(raised);
    }

    private bool TryRollBack()
    {
        try
        {
            session!.Connection.RollBack();
            return true;
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    /// <summary>The disk is full and all was rolled back: that is known, so the store stays writable.</summary>
    private void RefuseFull(Exception exception)
    {
        session!.Appends.Ended();
        session.Logs.Forget();
        RetryAfter(options.FullDelay);
        if (health.Error is null)
        {
            StoreLog.Full(logger);
            SetHealth(new StoreHealth(true, "The disk is full."));
        }

        Refuse(StoreFailure.Full, "The disk is full. Nothing was stored; free some space and try again.", exception);
    }

    /// <summary>Fails all that is in the batch. Freezing has no failure of its own: nothing has changed.</summary>
    private void Refuse(StoreFailure failure, string message, Exception? cause, HashSet<Bytes32>? recovered = null)
    {
        events.Clear();
        foreach (var work in batch)
        {
            switch (work)
            {
                case AwaitedWork awaited:
                    room.Leave(awaited.Weight);
                    awaited.Fail(new StoreException(failure, message, cause));
                    break;
                case ReceivedWork { Header: var header } received when received.Refused || recovered?.Contains(header.Hash) is not true:
                    Raise(new StoreEvent.Refused(header.LogId, header.Head, failure));
                    break;
                case RepairWork { Header: var header }:
                    Watchers.Raise(new StoreEvent.Repaired(header.LogId, header.Head, null, failure));
                    break;
                case FreezeWork freeze:
                    Watchers.Raise(new StoreEvent.Frozen(freeze.Log, null));
                    break;
            }
        }
    }

    /// <summary>Whether the batch is on disk is unknown. Only what the disk says after a recovery counts.</summary>
    private void Halt(Exception exception)
    {
        foreach (var signed in events.OfType<StoreEvent.Committed>().Where(committed => committed.Segment.Own))
            unsettled.Add(signed.Segment.Header.Hash);
        events.Clear();
        recent.Clear();
        StoreLog.Halted(logger, exception);
        SetHealth(new StoreHealth(false, $"The store has stopped writing: {exception.Message}"));
        recoveryTried = null;
        var recovered = new HashSet<Bytes32>();
        TryRecover(recovered);
        Refuse(
            StoreFailure.Halted, "The store failed while it wrote this: whether it is stored is unknown. Try again with the same message_id.",
            exception, recovered);
    }

    private bool TryRecover(HashSet<Bytes32>? recovered = null)
    {
        if (recoveryTried is { } tried && options.RecoveryDelay - time.GetElapsedTime(tried) is { Ticks: > 0 } early)
        {
            // It may be the timer itself that went off early: without another one nobody would try again.
            RetryAfter(early);
            return false;
        }

        recoveryTried = time.GetTimestamp();
        try
        {
            CloseSession();
            readers.CloseIdle();
            var opened = reopen();
            session = opened;
            var before = feedHead.Last;
            ReadRecovered(opened, before, refused: recovered is null);
            unsettled.Clear();
            foreach (var committed in events.OfType<StoreEvent.Committed>())
                recovered?.Add(committed.Segment.Header.Hash);
            SetHealth(new StoreHealth(true, null));
            ShowCommitted();
            RaiseEvents();
            StoreLog.Recovered(logger, feedHead.Last, before);
            return true;
        }
        catch (Exception exception)
        {
            CloseSession();
            events.Clear();
            StoreLog.RecoveryFailed(logger, exception.Message);
            RetryAfter(options.RecoveryDelay);
            return false;
        }
    }

    private void RetryAfter(TimeSpan delay) =>
        retry.Change(TimeSpan.FromMilliseconds(Math.Ceiling(delay.TotalMilliseconds)), Timeout.InfiniteTimeSpan);

    private void CloseSession()
    {
        var closing = session;
        session = null;
        try
        {
            closing?.Dispose();
        }
        catch (SqliteException exception)
        {
            StoreLog.CloseFailed(logger, exception);
        }
    }

    /// <summary>Verifies the end of the feed, and gathers what is on disk though it was never told. Own is only what this process signed: of its
    /// earlier logs, which it may be getting back from its peers, others may have more.</summary>
    private void ReadRecovered(WriterSession opened, ulong before, bool refused)
    {
        if (LogTable.ReadLastPosition(opened.Connection) < before)
            throw new IOException("Segments that were on disk before are gone.");
        FeedReader.Verify(opened.Connection, options.VerifiedSegments, before, segment =>
        {
            var header = segment.Header;
            if (segment.FirstPosition > before)
                events.Add(new StoreEvent.Committed(
                    new CommittedSegment(header, segment.FirstPosition, unsettled.Contains(header.Hash), refused, segment.Erased)));
        });
    }

    private void SetHealth(StoreHealth next)
    {
        if (health == next)
            return;
        health = next;
        Watchers.RaiseHealth(next);
    }
}
