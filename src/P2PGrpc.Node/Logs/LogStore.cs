using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Telemetry;
using SQLitePCL;

namespace P2PGrpc.Node.Logs;

/// <summary>A node's durable memory: all logs, the feed, and the cursors into them, in one database with one writer. Nothing can be read
/// here, and nothing is told, before it is on disk. Thread-safe.</summary>
internal sealed class LogStore : IAsyncDisposable
{
    /// <summary>The reason where not even reading is possible.</summary>
    public const string NoRoom = "DISK_FULL";

    // What a caller's own statements count for in the queue.
    private const int OperationWeight = 4096;

    private readonly LogStoreOptions options;
    private readonly StampClock clock;
    private readonly FeedHead feedHead = new();
    private readonly RecentSegments recent;
    private readonly ReaderPool readers;
    private readonly QueueRoom room;
    private readonly PeerCursors cursors;
    private readonly StoreWriter writer;
    private readonly DamageReport damage;
    private readonly SegmentReader segmentReader;
    private readonly FeedReader feedReader;
    private int disposed;

    private LogStore(LogStoreOptions options, IdentityKey identity, TimeProvider time, ILogger logger)
    {
        this.options = options;
        clock = new StampClock(time);
        RunningTime = new RunningTime(time);
        var session = Open(recovering: false);
        recent = new RecentSegments(options.RecentWeight);
        readers = new ReaderPool(options.DatabasePath, options.IdleReaders);
        room = new QueueRoom(options.QueueWeight);
        cursors = new PeerCursors(identity.PeerId, time, options.CursorDelay, Nudge);
        writer = new StoreWriter(
            options, session, () => Open(recovering: true), cursors, feedHead, recent, readers, room, time, logger);
        damage = new DamageReport(logger, time);
        writer.Watchers.Repaired += OnRepaired;
        writer.Watchers.Erased += OnErased;
        segmentReader = new SegmentReader(readers, recent, feedHead, damage);
        feedReader = new FeedReader(readers, recent, feedHead, damage);
        try
        {
            cursors.Load(session.Connection);
            feedHead.Publish(LogTable.ReadLastPosition(session.Connection));
            CheckEnd(session.Connection, logger);
        }
        catch
        {
            session.Dispose();
            throw;
        }

        StoreLog.Opened(logger, LastPosition, session.Connection.Sqlite.ServerVersion);
        writer.Start();

        WriterSession Open(bool recovering) =>
            WriterSession.Open(options, recovering, identity, RunningTime, clock);
    }

    /// <summary>A segment is durable, own or received. Raised on the writer thread in order of position; whoever handles it must not block.</summary>
    public event Action<CommittedSegment>? Committed
    {
        add => writer.Watchers.Committed += value;
        remove => writer.Watchers.Committed -= value;
    }

    /// <summary>A segment given to <see cref="Store"/> was not stored: its log, the head that it would have had, and why. Writer thread.</summary>
    public event Action<LogId, Head, StoreFailure>? SegmentRefused
    {
        add => writer.Watchers.SegmentRefused += value;
        remove => writer.Watchers.SegmentRefused -= value;
    }

    /// <summary>Answers <see cref="Freeze"/>: the proof that is kept, or null if none was found and nothing changed. Writer thread.</summary>
    public event Action<LogId, ForkProof?>? Frozen
    {
        add => writer.Watchers.Frozen += value;
        remove => writer.Watchers.Frozen -= value;
    }

    /// <summary>A damaged segment was met: ask peers for what stands there. Raised on a reading thread, which must not be kept.</summary>
    public event Action<DamagedPlace>? DamageFound
    {
        add => damage.Found += value;
        remove => damage.Found -= value;
    }

    /// <inheritdoc cref="DamageReport.Noticed"/>
    public event Action<ulong, bool>? DamageNoticed
    {
        add => damage.Noticed += value;
        remove => damage.Noticed -= value;
    }

    /// <summary>Answers <see cref="Repair"/>: the segment, and the position of the damaged one whose place it took, or why it did not. Writer thread.</summary>
    public event Action<LogId, Head, ulong?, StoreFailure?>? Repaired
    {
        add => writer.Watchers.Repaired += value;
        remove => writer.Watchers.Repaired -= value;
    }

    /// <summary>Bodies were erased. Who keeps copies of messages elsewhere follows this, and at its start <see cref="ReadErased"/>. Writer thread.</summary>
    public event Action<ErasedBodies>? Erased
    {
        add => writer.Watchers.Erased += value;
        remove => writer.Watchers.Erased -= value;
    }

    /// <summary>The health has changed. Writer thread.</summary>
    public event Action<StoreHealth>? HealthChanged
    {
        add => writer.Watchers.HealthChanged += value;
        remove => writer.Watchers.HealthChanged -= value;
    }

    /// <summary>The position of the newest durable entry, 0 if there is none.</summary>
    public ulong LastPosition => feedHead.Last;

    public StoreHealth Health => writer.Health;

    /// <summary>How long this node has been running, over all its starts.</summary>
    public RunningTime RunningTime { get; }

    /// <inheritdoc cref="DamageReport.Count"/>
    public int DamagedPlaces => damage.Count;

    /// <inheritdoc cref="DamageReport.NextRepair"/>
    public Task NextRepair => damage.NextRepair;

    /// <inheritdoc cref="PeerCursors.FindAudience"/>
    public Func<ConversationId, Audience> FindAudience { set => cursors.FindAudience = value; }

    /// <summary>Takes down how long transactions take; to be set once, null until then.</summary>
    public CommitTimes? Times { set => writer.Times = value; }

    /// <summary>Transactions committed since the store was opened.</summary>
    public long Commits => writer.Commits;

    /// <summary>Opens or creates the database.</summary>
    /// <exception cref="NodeStartException">It is damaged or not usable by this program.</exception>
    public static LogStore Open(LogStoreOptions options, IdentityKey identity, TimeProvider time, ILogger<LogStore> logger)
    {
        try
        {
            return new LogStore(options, identity, time, logger);
        }
        catch (SqliteException full) when (full.SqliteErrorCode == raw.SQLITE_FULL || full.SqliteExtendedErrorCode is raw.SQLITE_IOERR_SHMSIZE or raw.SQLITE_IOERR_SHMOPEN)
        {
            throw new NodeStartException(
                NoRoom, $"The disk has no room for what it takes to open {options.DatabasePath}. Free some space, a megabyte at least, and start again.", full);
        }
        catch (Exception exception) when (exception is SqliteException or IOException or InvalidDataException)
        {
            throw new NodeStartException(
                "DATABASE_DAMAGED",
                $"The database {options.DatabasePath} can't be opened: {exception.Message} Put back a copy of it, or move it and its -wal file "
                + "away to start with an empty one: peers send again what they hold.",
                exception);
        }
    }

    /// <summary>Appends own messages, in their order. Waits for room in the queue and for the disk. Cancelled later than that, it may still happen.
    /// The drafts of one call may be spread over several segments, of which a crash may leave the first ones only.</summary>
    /// <exception cref="ArgumentException">A draft fits no segment, or all together exceed the limit of a call.</exception>
    /// <exception cref="StoreException">Full: nothing was written. Halted: the outcome is unknown.</exception>
    public Task<AppendResult[]> AppendAsync(ConversationId conversation, IReadOnlyList<Draft> drafts, CancellationToken cancellationToken) =>
        AppendAsync(conversation, default, drafts, cancellationToken);

    /// <summary>The same in a room, with the signature by which it admits this node.</summary>
    public async Task<AppendResult[]> AppendAsync(
        ConversationId conversation, ReadOnlyMemory<byte> admission, IReadOnlyList<Draft> drafts, CancellationToken cancellationToken)
    {
        if (drafts.Count == 0)
            return [];
        var work = new AppendWork(conversation, admission, drafts, Weigh(drafts));
        await EnqueueAsync(work, cancellationToken);
        return await work.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Stores a verified segment that was received. Answered by <see cref="Committed"/> or <see cref="SegmentRefused"/>, in order
    /// within a log. Never blocks: credit bounds what is under way.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="body">Its body; null if that was erased where it came from.</param>
    /// <param name="refusals">How many were refused, full or halted, as far as the caller knew. If there were more, it is refused too: what it should have
    /// come after is missing.</param>
    public void Store(SegmentHeader header, SegmentBytes? body, long refusals) => writer.TryEnqueue(new ReceivedWork(header, body, refusals));

    /// <summary>Puts a verified segment in the place of the damaged one that it was fetched for. Answered by <see cref="Repaired"/>. Never blocks:
    /// credit bounds what is under way.</summary>
    public void Repair(SegmentHeader header, SegmentBytes body) => writer.TryEnqueue(new RepairWork(header, body));

    /// <summary>Keeps the proof of a fork and freezes its log. Without a second header, looks for a stored one that can't stand beside the
    /// first. Answered by <see cref="Frozen"/>. Never blocks.</summary>
    public void Freeze(LogId log, SegmentHeader first, SegmentHeader? second) => writer.TryEnqueue(new FreezeWork(log, first, second));

    /// <summary>Runs an operation in one of the writer's transactions and completes when it is on disk.</summary>
    /// <exception cref="StoreException">As for <see cref="AppendAsync(ConversationId, IReadOnlyList{Draft}, CancellationToken)"/>. What the operation throws comes out as it is.</exception>
    public async Task WriteAsync(WriteOperation operation, CancellationToken cancellationToken)
    {
        var work = new OperationWork(operation, OperationWeight);
        await EnqueueAsync(work, cancellationToken);
        await work.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Erases the bodies of a few segments. Whoever calls has made sure that nobody waits for them.</summary>
    /// <exception cref="StoreException">Full or halted: nothing was erased.</exception>
    public async Task EraseAsync(IReadOnlyList<DueSegment> due, CancellationToken cancellationToken)
    {
        var work = new ErasureWork(due, OperationWeight * due.Count);
        await EnqueueAsync(work, cancellationToken);
        await work.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Keeps the running time, and notes the position, so that ages can be told.</summary>
    /// <exception cref="StoreException">Full or halted.</exception>
    public async Task MarkArrivalAsync(CancellationToken cancellationToken)
    {
        var work = new ArrivalWork();
        await EnqueueAsync(work, cancellationToken);
        await work.Task.WaitAsync(cancellationToken);
    }

    /// <inheritdoc cref="ArrivalTable.FindOlderThan"/>
    public ulong FindOlderThan(TimeSpan age) => readers.Read(connection => ArrivalTable.FindOlderThan(connection, age));

    /// <summary>Through which position of the feed each conversation has been erased, but for what was spared.</summary>
    public IReadOnlyList<ErasedThrough> ReadErased() => readers.Read(ErasureTable.Read);

    /// <summary>Segments of the feed after a position, as they lie on disk, without their bodies. They are not verified.</summary>
    public IReadOnlyList<HeldRow> ReadHeld(ulong after, int count) => readers.Read(connection => ErasureTable.ReadHeld(connection, after, feedHead.Last, count));

    /// <inheritdoc cref="ErasureTable.ReadSpared"/>
    public IReadOnlyList<HeldRow> ReadSpared(ulong after, int count) => readers.Read(connection => ErasureTable.ReadSpared(connection, after, count));

    /// <inheritdoc cref="ErasureTable.FindOwner"/>
    public LogOwner? FindOwner(long log) => readers.Read(connection => ErasureTable.FindOwner(connection, log));

    /// <inheritdoc cref="ErasureTable.CountBytes"/>
    public long CountBytes(LogId log, ulong after) => readers.Read(connection => ErasureTable.CountBytes(connection, log, after));

    /// <inheritdoc cref="PeerCursors.ReadUndelivered"/>
    public Undelivered ReadUndelivered() => cursors.ReadUndelivered();

    /// <summary>Runs a short read on a connection of its own. The result must not depend on the connection.</summary>
    public T Query<T>(Func<SqliteConnection, T> query) => readers.Read(connection => query(connection.Sqlite));

    /// <summary>Takes note of a stamp that arrived, so that later own messages sort after it.</summary>
    public void ObserveClock(ulong stamp) => clock.Observe(stamp);

    /// <inheritdoc cref="SegmentReader.Load"/>
    public LoadResult Load(LogId log, Head after, long maxWeight, ulong erasedThrough = 0) => segmentReader.Load(log, after, maxWeight, erasedThrough);

    /// <inheritdoc cref="RecentSegments.Load"/>
    public LoadResult.Segments? LoadRecent(LogId log, Head after, long maxWeight) => recent.Load(log, after, maxWeight);

    /// <inheritdoc cref="SegmentReader.LoadHeads"/>
    public ReplicatorInput.HeadsLoaded LoadHeads(ConversationId conversation, LogId? after, int count)
    {
        var page = segmentReader.LoadHeads(conversation, after, count);
        return page.Next is null ? page with { Weights = cursors.Weights.Read(conversation) } : page;
    }

    /// <summary>Who wrote in a conversation, in the order of their bytes, and how many messages of each are held.</summary>
    public IReadOnlyList<(PeerId Author, ulong Messages)> ReadAuthors(ConversationId conversation) =>
        readers.Read(connection => AuthorTable.Read(connection, conversation, feedHead.Last));

    /// <inheritdoc cref="FeedReader.Read(ulong, int, long)"/>
    public FeedPage ReadFeed(ulong after, int maxSegments, long maxWeight) => feedReader.Read(after, maxSegments, maxWeight);

    /// <inheritdoc cref="FeedReader.FindCheck(ulong)"/>
    public ulong? FindCheck(ulong position) => feedReader.FindCheck(position);

    /// <summary>Completes with the last position once it is beyond this one.</summary>
    /// <exception cref="ObjectDisposedException">The store was closed meanwhile.</exception>
    public Task<ulong> WaitBeyondAsync(ulong position, CancellationToken cancellationToken) => feedHead.WaitBeyondAsync(position, cancellationToken);

    /// <summary>A peer holds an own log up to this head. Other authors' logs, heads beyond ours and steps back are ignored.</summary>
    public void RecordAcknowledged(PeerId peer, LogKey log, LogId logId, Head head) => cursors.RecordAcknowledged(peer, log, logId, head);

    /// <summary>The last sequence of an own log that a peer acknowledged, 0 if none.</summary>
    public ulong GetAcknowledged(PeerId peer, LogId log) => cursors.GetAcknowledged(peer, log);

    /// <summary>Own entries of the direct conversation with a peer that it hasn't acknowledged. None for this node itself.</summary>
    public ulong CountUndelivered(PeerId peer) => cursors.CountUndelivered(peer);

    /// <summary>Own entries that no peer has acknowledged, in all conversations of such an audience.</summary>
    public ulong CountUndelivered(Audience audience = Audience.Expected) => cursors.CountUndelivered(audience);

    /// <inheritdoc cref="PeerCursors.IsHeldElsewhere"/>
    public bool IsHeldElsewhere(ConversationId conversation) => cursors.IsHeldElsewhere(conversation);

    /// <summary>Everything that a peer told through this position of its feed is here. Another instance or scope replaces what was known: its positions may mean
    /// something else.</summary>
    public void RecordHeard(PeerId peer, HeardPosition position) => cursors.RecordHeard(peer, position);

    /// <summary>What was last recorded of a peer's feed; zeros if nothing was.</summary>
    public HeardPosition GetHeard(PeerId peer) => cursors.GetHeard(peer);

    /// <inheritdoc cref="PeerCursors.HeardGeneration"/>
    public long HeardGeneration => cursors.HeardGeneration;

    /// <inheritdoc cref="PeerCursors.ForgetHeard"/>
    public void ForgetHeard() => cursors.ForgetHeard();

    /// <summary>A consumer's cursor, or null if it has none.</summary>
    public FeedCursor? GetConsumer(string name) => readers.Read(connection => ConsumerTable.Read(connection, name));

    /// <summary>Moves a consumer's cursor; does nothing if it stands there or further already.</summary>
    public Task SetConsumerAsync(string name, ulong position, ulong check, CancellationToken cancellationToken) =>
        WriteAsync(new ConsumerMove(name, new FeedCursor(position, check)), cancellationToken);

    /// <summary>Does what is queued, writes the cursors, and closes the database.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        cursors.Close();
        // Readers first: SQLite empties the write-ahead log into the database only when the writer is the last to close.
        readers.Dispose();
        await writer.CloseAsync();
        feedHead.Close();
    }

    private void OnErased(ErasedBodies bodies)
    {
        if (damage.Count == 0)
            return;
        foreach (var (first, last) in bodies.Segments)
            damage.OnReadable(first, last);
    }

    private void OnRepaired(LogId log, Head head, ulong? position, StoreFailure? failure)
    {
        if (position is { } whole)
            damage.OnRepaired(whole);
    }

    private void Nudge() => writer.TryEnqueue(new NudgeWork());

    private async Task EnqueueAsync(AwaitedWork work, CancellationToken cancellationToken)
    {
        var enqueued = false;
        await room.EnterAsync(work.Weight, () => enqueued = writer.TryEnqueue(work), cancellationToken);
        if (enqueued)
            return;
        room.Leave(work.Weight);
        throw new ObjectDisposedException(nameof(LogStore));
    }

    private long Weigh(IReadOnlyList<Draft> drafts)
    {
        var weight = 0L;
        foreach (var draft in drafts)
        {
            if (SegmentBodyBuilder.EncodedLength(EntryWriter.EntryLength(draft.Content.Length)) > LogLimits.BodyLength)
                throw new ArgumentException($"A message of {draft.Content.Length} bytes fits no segment.", nameof(drafts));
            weight += draft.Content.Length + options.DraftWeight;
        }

        return weight <= options.CallWeight
            ? weight
            : throw new ArgumentException($"The messages of one call weigh {weight} bytes; {options.CallWeight} is the limit.", nameof(drafts));
    }

    /// <summary>A damaged end does not keep a node from starting: nothing damaged is served, and own epochs are never continued.</summary>
    private void CheckEnd(StoreConnection connection, ILogger logger)
    {
        try
        {
            FeedReader.Verify(connection, options.VerifiedSegments, LastPosition, static _ => { });
        }
        catch (IOException exception)
        {
            StoreLog.EndDamaged(logger, exception.Message);
        }
    }
}
