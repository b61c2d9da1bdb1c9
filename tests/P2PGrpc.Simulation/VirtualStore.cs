using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>The single writer of one process: gathers work, commits it as a whole after a while, and says so a moment later. A crash loses what was not
/// committed, or only the word of it. A flush that fails leaves the outcome open: only what the disk holds after a recovery counts.</summary>
internal sealed class VirtualStore(SimulationRun run, VirtualNode node)
{
    private static readonly TimeSpan RecoveryDelay = TimeSpan.FromSeconds(1);

    private readonly List<Work> waiting = [];
    private readonly int incarnation = node.Incarnation;
    private List<Work>? committing;
    private TimeSpan lastWord;
    private ulong told = node.Disk.LastPosition;
    private long refusals;
    private StoreFailure lastRefusal;
    private bool halted;

    /// <summary>Something to commit.</summary>
    private abstract record Work;

    private sealed record Append(VirtualDraft Draft) : Work;

    private sealed record Received(SegmentHeader Header, byte[]? Body, long Refusals) : Work
    {
        public int Weight => Body is null ? Header.BareWeight : Header.Weight;
    }

    private sealed record Repair(SegmentHeader Header) : Work;

    /// <summary>Bytes that count against the credit that was given.</summary>
    public long Storing { get; private set; }

    public void Send(VirtualDraft draft) => Add(new Append(draft));

    public void Store(SegmentHeader header, byte[]? body, long refusals)
    {
        var received = new Received(header, body, refusals);
        Storing += received.Weight;
        Add(received);
    }

    public void Replace(SegmentHeader header)
    {
        Storing += header.Weight;
        Add(new Repair(header));
    }

    /// <summary>The process ends here. What was being committed may be on disk all the same.</summary>
    public void Crash()
    {
        if (committing is { } group && !halted && !node.DiskFull && run.Random.Next(2) == 0)
            Write(group, Sign(group));
    }

    private void Add(Work work)
    {
        waiting.Add(work);
        Commit();
    }

    private void Commit()
    {
        if (committing is not null || waiting.Count == 0)
            return;
        committing = waiting.ToList();
        waiting.Clear();
        run.Schedule.After(TimeSpan.FromTicks(run.Random.NextInt64(1, run.Options.SlowestCommit.Ticks + 1)), () =>
        {
            if (node.Incarnation != incarnation)
                return;
            var group = committing;
            committing = null;
            Process(group);
            Commit();
        });
    }

    private List<SealedSegment> Sign(List<Work> group) => node.Writer.Seal(group.OfType<Append>().Select(append => append.Draft));

    private void Process(List<Work> group)
    {
        if (halted)
        {
            Refuse(group, StoreFailure.Halted, []);
            return;
        }

        var own = Sign(group);
        if (node.DiskFull)
        {
            node.Writer.Abandon(own);
            Refuse(group, StoreFailure.Full, []);
        }
        else if (node.TakeFlushError() is { } written)
        {
            if (written)
                Write(group, own);
            node.Writer.Abandon(own);
            Halt(group);
        }
        else
        {
            var outcome = Write(group, own);
            told = node.Disk.LastPosition;
            refusals += outcome.Works.Count(one => one.Failure is StoreFailure.Full or StoreFailure.Halted);
            Speak(() => Report(outcome));
        }
    }

    /// <summary>What became of a group: of each work, and the segments of the node's own.</summary>
    private sealed record Outcome(List<(Work Work, DiskSegment? Segment, StoreFailure? Failure)> Works, List<DiskSegment> Own);

    private Outcome Write(List<Work> group, List<SealedSegment> own)
    {
        var outcome = new Outcome([], []);
        var refused = false;
        foreach (var work in group)
        {
            // What follows something that was refused must be refused, too: it may have been written after it.
            var stale = work is Received asked && (refused || asked.Refusals < refusals);
            refused |= stale;
            var segment = work is Received received && !stale ? node.Disk.TryWrite(received.Header, received.Body) : null;
            var done = work is Append || segment is not null || (work is Repair repair && node.Disk.TryRepair(repair.Header));
            outcome.Works.Add((work, segment, done ? null : stale ? lastRefusal : StoreFailure.Mismatch));
        }

        foreach (var segment in own)
        {
            var written = node.Disk.TryWrite(segment.Header, segment.Body);
            // What the other half of a forking author wrote at this place may have come in the same transaction.
            if (written is null && node.IsHostile)
                continue;
            SimulationFault.Check(written is not null, "S3: an own segment does not follow what is on disk.");
            outcome.Own.Add(written);
            node.Disk.MessageIds.UnionWith(segment.MessageIds);
        }

        node.PersistHeard();
        return outcome;
    }

    private void Report(Outcome outcome)
    {
        var inputs = new List<ReplicatorInput>();
        foreach (var (work, segment, failure) in outcome.Works)
        {
            switch (work)
            {
                case Received { Header: var header } received:
                    Storing -= received.Weight;
                    inputs.Add(failure is { } reason ? new ReplicatorInput.StoreFailed(header.LogId, header.Head, reason) : Tell(segment!, recovered: false));
                    break;
                case Repair { Header: var header }:
                    Storing -= header.Weight;
                    inputs.Add(new ReplicatorInput.Repaired(header.LogId, header.Head, failure));
                    break;
            }
        }

        inputs.AddRange(outcome.Own.Select(segment => Tell(segment, recovered: false)));
        node.Handle(inputs);
        foreach (var (work, _, _) in outcome.Works)
        {
            if (work is Append { Draft: var draft })
                draft.Client.OnAnswer(draft, SendAnswer.Accepted);
        }
    }

    private ReplicatorInput Tell(DiskSegment segment, bool recovered)
    {
        var header = segment.Header;
        if (node.Writer.IsOwn(header))
            return new ReplicatorInput.Appended(header.Log, header.LogId, header.Head, segment.LastPosition);
        node.Writer.Observe(segment);
        return new ReplicatorInput.Stored(header.Log, header.LogId, header.Head, segment.LastPosition, recovered, header.Weight);
    }

    /// <summary>Whether the group is on disk is unknown until the disk has been read again, which succeeds at once or a while later.</summary>
    private void Halt(List<Work> group)
    {
        if (run.Random.Next(2) == 0)
        {
            Refuse(group, StoreFailure.Halted, TakeUntold());
            return;
        }

        halted = true;
        Refuse(group, StoreFailure.Halted, []);
        run.Schedule.After(RecoveryDelay, () =>
        {
            if (node.Incarnation != incarnation)
                return;
            halted = false;
            var recovered = TakeUntold();
            Speak(() => node.Handle(recovered.Select(segment => Tell(segment, recovered: true)).ToList()));
        });
    }

    private List<DiskSegment> TakeUntold()
    {
        var untold = node.Disk.Feed.Where(segment => segment.LastPosition > told).ToList();
        told = node.Disk.LastPosition;
        return untold;
    }

    private void Refuse(List<Work> group, StoreFailure failure, List<DiskSegment> recovered)
    {
        var refused = group.OfType<Received>().Where(received => !recovered.Exists(segment => segment.Header.Hash == received.Header.Hash)).ToHashSet<Work>();
        refusals += refused.Count;
        lastRefusal = failure;
        Speak(() => ReportRefused(group, refused, failure, recovered));
    }

    private void ReportRefused(List<Work> group, HashSet<Work> refused, StoreFailure failure, List<DiskSegment> recovered)
    {
        var inputs = recovered.Select(segment => Tell(segment, recovered: false)).ToList();
        foreach (var work in group)
        {
            switch (work)
            {
                case Append { Draft: var draft }:
                    draft.Client.OnAnswer(draft, failure == StoreFailure.Full ? SendAnswer.Refused : SendAnswer.Unknown);
                    break;
                case Received { Header: var header } received:
                    Storing -= received.Weight;
                    if (refused.Contains(work))
                        inputs.Add(new ReplicatorInput.StoreFailed(header.LogId, header.Head, failure));
                    break;
                case Repair { Header: var header }:
                    Storing -= header.Weight;
                    inputs.Add(new ReplicatorInput.Repaired(header.LogId, header.Head, failure));
                    break;
            }
        }

        node.Handle(inputs);
    }

    /// <summary>The writer's words come in order.</summary>
    private void Speak(Action say)
    {
        var word = run.Schedule.Now + TimeSpan.FromMilliseconds(run.Random.Next(0, 3));
        lastWord = word > lastWord ? word : lastWord;
        run.Schedule.At(lastWord, () =>
        {
            if (node.Incarnation == incarnation)
                say();
        });
    }
}
