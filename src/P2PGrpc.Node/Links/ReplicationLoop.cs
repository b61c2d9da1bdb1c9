using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Links;

/// <summary>Drives the one replicator of a node: feeds it what links and the store report, and has its outputs carried out. Handles one input
/// at a time and never waits for a link or the disk. It has no thread of its own: whoever reports something takes a turn, if nobody is at it, so that a message
/// costs no change of threads for it. Thread-safe towards the outside.</summary>
internal sealed class ReplicationLoop : IAsyncDisposable
{
    private readonly LogStore store;
    private readonly PeerId self;
    private readonly ReplicationEvents events;
    private readonly TimeProvider time;
    private readonly ILogger<ReplicationLoop> log;
    private readonly Replicator replicator;
    private readonly ReplicationOutputs carrier;

    // What this node's own parts report. It needs no bound: stored and loaded inputs answer what the replicator asked for, damage is reported seldom, what a link shares
    // changes LinkLimits.SharesPerMinute times at most, what the owner wants changes at its hand, and appends come one a commit and log, which a disk makes far more slowly than the loop takes them. None may be
    // left out, and their order is that of positions.
    private readonly Channel<ReplicatorInput[]> local = Channel.CreateUnbounded<ReplicatorInput[]>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Channel<ReplicatorInput[]> remote = Channel.CreateBounded<ReplicatorInput[]>(
        new BoundedChannelOptions(LinkLimits.WaitingInputs) { SingleReader = true });

    /// <summary>Steps that one thread takes before it hands its turn to another: it may be the store's writer or a link's reader, with work of its own. A frame takes about
    /// three: it is stored, that is reported, and what it makes others want is loaded.</summary>
    private const int StepsPerTurn = 12;

    // Whoever asked how much is to come. Bounded by the calls of clients.
    private readonly ConcurrentDictionary<long, TaskCompletionSource<Backlog>> measures = new();
    private readonly List<ReplicatorOutput> outputs = [];
    private readonly Queue<ReplicatorInput> served = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer alarm;
    private readonly long startedAt;
    private long lastMeasure;
    private TimeSpan wakeAt = TimeSpan.MaxValue;
    private bool rang;

    // 0 while nobody is at it, 1 while somebody is, more if somebody else has come with something since that one last looked. Until the start, somebody is.
    private int turns = 1;
    private bool isStarted;
    private volatile bool stopping;

    public ReplicationLoop(
        PeerId self, LogStore store, ReplicatorLimits limits, ReplicationEvents events, TimeProvider time, ILogger<ReplicationLoop> log)
    {
        this.self = self;
        this.store = store;
        this.events = events;
        this.time = time;
        this.log = log;
        startedAt = time.GetTimestamp();
        replicator = new Replicator(self, limits, store.LastPosition);
        carrier = new ReplicationOutputs(store, events, Report, served.Enqueue, Wake, time, log);
        alarm = time.CreateTimer(_ => Ring(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        store.Committed += OnCommitted;
        store.Erased += OnErased;
        store.SegmentRefused += OnSegmentRefused;
        store.Frozen += OnFrozen;
        store.DamageFound += OnDamageFound;
        store.Repaired += OnRepaired;
    }

    public void Start()
    {
        isStarted = true;
        HandOver();
    }

    /// <summary>What of a conversation is still to come here, and how some of its logs stand; nothing once replication has stopped.</summary>
    public async Task<Backlog> MeasureAsync(ConversationId conversation, IReadOnlyCollection<LogKey> logs, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref lastMeasure);
        var measured = measures[number] = new TaskCompletionSource<Backlog>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            if (!local.Writer.TryWrite([new ReplicatorInput.Measure(conversation, logs, number)]))
                return Backlog.None;
            TakeTurn();
            await Task.WhenAny(measured.Task, ended.Task).WaitAsync(cancellationToken).ConfigureAwait(false);
            return measured.Task.IsCompleted ? await measured.Task.ConfigureAwait(false) : Backlog.None;
        }
        finally
        {
            measures.TryRemove(number, out _);
        }
    }

    /// <summary>A link is up: from now on its inputs count and it is written to.</summary>
    public void Add(LinkSession session)
    {
        carrier.Add(session);
        local.Writer.TryWrite(
        [
            new ReplicatorInput.LinkUp(session.Id, session.Peer, session.Remote.Instance, 0, session.Remote.ToldThrough),
            .. session.Sharing.AtStart.SelectMany(conversation => CreateSharing(session, conversation, on: true)),
        ]);

        // Looked at when replication knows of the link: whatever the owner wants again later closes it there.
        if (session.Remote.HeardGeneration != store.HeardGeneration)
            session.EndToWantAgain();
        TakeTurn();
    }

    /// <summary>The owner wants something else.</summary>
    public void Follow(IReadOnlyList<ReplicatorInput.Interest> changes)
    {
        // Who comes with it holds a lock.
        local.Writer.TryWrite([.. changes]);
        CallForTurn();
    }

    /// <summary>What is shared on a link has changed. In a room everybody's logs are taken.</summary>
    public void Share(LinkSession session, IReadOnlyList<SharingChange> changes)
    {
        // Who comes with it holds a lock.
        local.Writer.TryWrite([.. changes.SelectMany(change => CreateSharing(session, change.Conversation, change.On))]);
        CallForTurn();
    }

    /// <summary>The owner knows the link's peer now, or does not any more.</summary>
    public void Bound(LinkSession session)
    {
        local.Writer.TryWrite([CreateBound(session, session.Sharing.Direct)]);
        CallForTurn();
    }

    private IEnumerable<ReplicatorInput> CreateSharing(LinkSession session, ConversationId conversation, bool on)
    {
        if (on)
            yield return CreateBound(session, conversation);
        yield return new ReplicatorInput.Sharing(
            session.Id, conversation, conversation == session.Sharing.Direct ? new SortedSet<PeerId> { self, session.Peer } : null, on);
    }

    private static ReplicatorInput.Bound CreateBound(LinkSession session, ConversationId conversation) => new(
        conversation,
        conversation != session.Sharing.Direct ? QuotaScope.Room : session.IsStranger ? QuotaScope.Strangers : QuotaScope.None);

    /// <summary>A link has ended.</summary>
    public void Remove(LinkSession session)
    {
        carrier.Remove(session);
        Report(new ReplicatorInput.LinkDown(session.Id));
    }

    /// <summary>What one frame of a link said. Waits while too much is waiting, which holds back the link that sends.</summary>
    public async ValueTask ReceiveAsync(ReplicatorInput[] inputs, CancellationToken cancellationToken)
    {
        try
        {
            await remote.Writer.WriteAsync(inputs, cancellationToken).ConfigureAwait(false);
            TakeTurn();
        }
        catch (ChannelClosedException)
        {
            // Replication has stopped for good, and the links are being closed.
        }
    }

    /// <summary>True once a broken rule has ended replication; the node then only serves what it holds.</summary>
    public bool IsStopped { get; private set; }

    private void StopListening()
    {
        store.Committed -= OnCommitted;
        store.Erased -= OnErased;
        store.SegmentRefused -= OnSegmentRefused;
        store.Frozen -= OnFrozen;
        store.DamageFound -= OnDamageFound;
        store.Repaired -= OnRepaired;
    }

    private void Report(ReplicatorInput input)
    {
        local.Writer.TryWrite([input]);
        TakeTurn();
    }

    private void OnCommitted(CommittedSegment committed)
    {
        var header = committed.Header;
        var position = committed.FirstPosition + (ulong)header.Count - 1;
        Report(committed.Own
            ? new ReplicatorInput.Appended(header.Log, header.LogId, header.Head, position)
            : new ReplicatorInput.Stored(header.Log, header.LogId, header.Head, position, committed.Recovered, committed.Weight));
    }

    private void OnErased(ErasedBodies bodies)
    {
        foreach (var freed in bodies.Freed)
            Report(new ReplicatorInput.Freed(bodies.Conversation, freed.Author, freed.Weight));
    }

    private void OnSegmentRefused(LogId logId, Head head, StoreFailure failure) =>
        Report(new ReplicatorInput.StoreFailed(logId, head, failure));

    private void OnFrozen(LogId logId, ForkProof? proof)
    {
        Report(new ReplicatorInput.Frozen(logId, proof));
        if (proof is not null)
            events.RaiseForked(proof);
    }

    private void OnDamageFound(DamagedPlace place)
    {
        // Who met it is in the midst of reading the database, which must not last.
        local.Writer.TryWrite([new ReplicatorInput.Damaged(place.Log, place.LogId, place.After)]);
        CallForTurn();
    }

    private void OnRepaired(LogId logId, Head head, ulong? position, StoreFailure? failure) => Report(new ReplicatorInput.Repaired(logId, head, failure));

    /// <summary>Handles what waits, on this thread, if nobody is at it; whoever is sees that there is more.</summary>
    private void TakeTurn()
    {
        if (Interlocked.Increment(ref turns) == 1)
            Run();
    }

    /// <summary>A thread of the pool goes on, and nobody else until then: the writer has many things to report after one commit, and would take the turn again with each.</summary>
    private void HandOver() => ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.Run(), this, preferLocal: false);

    private void CallForTurn() => ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.TakeTurn(), this, preferLocal: false);

    private void Run()
    {
        try
        {
            for (var steps = 0; !stopping; steps++)
            {
                if (steps == StepsPerTurn)
                {
                    HandOver();
                    return;
                }

                Interlocked.Exchange(ref turns, 1);
                if (!Step() && Interlocked.CompareExchange(ref turns, 0, 1) == 1)
                    return;
            }

            ended.TrySetResult();
        }
        catch (Exception broken)
        {
            Stop(broken);
        }
    }

    /// <summary>A broken rule must not go on deciding: replication stops, what is stored stays served. Nobody takes a turn any more.</summary>
    private void Stop(Exception broken)
    {
        StopListening();
        local.Writer.TryComplete();
        remote.Writer.TryComplete();
        IsStopped = true;
        try
        {
            ReplicationLog.Stopped(log, broken);
            events.RaiseStopped();
        }
        finally
        {
            ended.TrySetResult();
        }
    }

    /// <summary>Handles what was loaded, else what this node's parts report, else one frame of the links: what is stored frees room before more comes in.
    /// False if nothing waited.</summary>
    private bool Step()
    {
        var inputs = Take();
        if (inputs is not null)
            Handle(inputs);
        TickIfDue();
        return inputs is not null;
    }

    private ReplicatorInput[]? Take()
    {
        if (served.Count > 0)
        {
            ReplicatorInput[] loaded = [.. served];
            served.Clear();
            return loaded;
        }

        return local.Reader.TryRead(out var inputs) || remote.Reader.TryRead(out inputs) ? inputs : null;
    }

    /// <summary>Also between frames, so that a link that floods can't keep the time from passing.</summary>
    private void TickIfDue()
    {
        if (time.GetElapsedTime(startedAt) < wakeAt)
        {
            // A timer counts in coarser steps than the clock, and may go off a little early: without another one this deadline would be missed.
            if (Interlocked.Exchange(ref rang, false) && wakeAt < TimeSpan.MaxValue)
                Wake(wakeAt);
            return;
        }

        wakeAt = TimeSpan.MaxValue;
        Handle([new ReplicatorInput.Tick()]);
    }

    private void Handle(ReplicatorInput[] inputs)
    {
        outputs.Clear();
        replicator.Handle(time.GetElapsedTime(startedAt), inputs, outputs);
        foreach (var output in outputs)
            if (output is ReplicatorOutput.Measured measured)
                measures.GetValueOrDefault(measured.Number)?.TrySetResult(measured.Backlog);
            else
                carrier.CarryOut(output);
    }

    private void Ring()
    {
        Volatile.Write(ref rang, true);
        TakeTurn();
    }

    private void Wake(TimeSpan at)
    {
        wakeAt = at;
        var due = at - time.GetElapsedTime(startedAt);
        alarm.Change(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(due.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }

    public async ValueTask DisposeAsync()
    {
        StopListening();
        stopping = true;
        if (isStarted)
        {
            TakeTurn();
            await ended.Task.ConfigureAwait(false);
        }

        await alarm.DisposeAsync().ConfigureAwait(false);
        await carrier.DisposeAsync().ConfigureAwait(false);
    }
}
