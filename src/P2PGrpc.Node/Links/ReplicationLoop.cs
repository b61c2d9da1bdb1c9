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

    // What this node's own parts report. It needs no bound: stored and loaded inputs answer what the replicator asked for, damage is reported seldom, and appends come one a
    // commit and log, which a disk makes far more slowly than the loop takes them. None may be left out, and their order is that of positions.
    private readonly Channel<ReplicatorInput[]> local = Channel.CreateUnbounded<ReplicatorInput[]>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Channel<ReplicatorInput[]> remote = Channel.CreateBounded<ReplicatorInput[]>(
        new BoundedChannelOptions(LinkLimits.WaitingInputs) { SingleReader = true });

    /// <summary>Frames of links that one thread handles before it hands its turn to another: it may be the store's writer or a link's reader, with work of its own.</summary>
    private const int FramesPerTurn = 4;

    private readonly List<ReplicatorOutput> outputs = [];
    private readonly Queue<ReplicatorInput> served = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer alarm;
    private readonly long startedAt;
    private TimeSpan wakeAt = TimeSpan.MaxValue;
    private bool rang;

    // How often somebody came with something since nobody was at it; 0 while nobody is. Until the start, somebody is.
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

    /// <summary>A link is up: from now on its inputs count and it is written to.</summary>
    public void Add(LinkSession session)
    {
        carrier.Add(session);
        var authors = new SortedSet<PeerId> { self, session.Peer };
        local.Writer.TryWrite(
        [
            new ReplicatorInput.LinkUp(session.Id, session.Peer, session.Remote.Instance, 0, session.Remote.ToldThrough),
            new ReplicatorInput.Sharing(session.Id, ConversationId.Direct(self, session.Peer), authors, On: true),
        ]);
        TakeTurn();
    }

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
            : new ReplicatorInput.Stored(header.Log, header.LogId, header.Head, position, committed.Recovered));
    }

    private void OnSegmentRefused(LogId logId, Head head, StoreFailure failure) =>
        Report(new ReplicatorInput.StoreFailed(logId, head, failure));

    private void OnFrozen(LogId logId, ForkProof? proof)
    {
        Report(new ReplicatorInput.Frozen(logId, proof));
        if (proof is not null)
            events.RaiseForked(proof);
    }

    private void OnDamageFound(DamagedPlace place) => Report(new ReplicatorInput.Damaged(place.Log, place.LogId, place.After));

    private void OnRepaired(LogId logId, Head head, StoreFailure? failure) => Report(new ReplicatorInput.Repaired(logId, head, failure));

    /// <summary>Handles what waits, on this thread, if nobody is at it; whoever is sees that there is more.</summary>
    private void TakeTurn()
    {
        if (Interlocked.Increment(ref turns) == 1)
            Run();
    }

    private void HandOver() => ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.Run(), this, preferLocal: false);

    private void Run()
    {
        try
        {
            for (var frames = 0; !stopping;)
            {
                var seen = Volatile.Read(ref turns);
                if (HandleSome())
                {
                    if (++frames < FramesPerTurn)
                        continue;
                    HandOver();
                    return;
                }

                if (Interlocked.CompareExchange(ref turns, 0, seen) == seen)
                    return;
            }

            ended.TrySetResult();
        }
        catch (Exception broken)
        {
            // A broken rule must not go on deciding: replication stops, what is stored stays served. Nobody takes a turn any more.
            ReplicationLog.Stopped(log, broken);
            StopListening();
            local.Writer.TryComplete();
            remote.Writer.TryComplete();
            IsStopped = true;
            ended.TrySetResult();
            events.RaiseStopped();
        }
    }

    /// <summary>One frame of the links for all that waits locally: what is stored frees room before more comes in. False if no frame waited.</summary>
    private bool HandleSome()
    {
        while (local.Reader.TryRead(out var reported))
            Handle(reported);
        var hasFrame = remote.Reader.TryRead(out var received);
        if (hasFrame)
            Handle(received!);
        TickIfDue();
        return hasFrame;
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
        while (true)
        {
            outputs.Clear();
            replicator.Handle(time.GetElapsedTime(startedAt), inputs, outputs);
            foreach (var output in outputs)
                carrier.CarryOut(output);
            if (served.Count == 0)
                return;
            inputs = [.. served];
            served.Clear();
        }
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
