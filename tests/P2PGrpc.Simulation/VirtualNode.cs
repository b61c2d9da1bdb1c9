using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>A node around a production replicator: its shell, its disk and its log writer, all on virtual time.</summary>
internal sealed class VirtualNode(SimulationRun run, int index, IdentityKey key)
{
    /// <summary>Damage in one place is reported at most once in such a while.</summary>
    public static readonly TimeSpan DamagePause = TimeSpan.FromSeconds(10);

    private static readonly DateTimeOffset FirstDay = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<LinkId, VirtualLink> links = [];
    private readonly Dictionary<PeerId, HeardPosition> heard = [];
    private readonly Dictionary<LinkId, long> allowances = [];
    private readonly Dictionary<LinkId, (bool Other, bool Shared, ulong Scope)> sharing = [];
    private readonly HashSet<LinkId> ended = [];
    private readonly HashSet<(LinkId, LogId)> loads = [];
    private readonly TellWatch tells = new(run);
    private readonly ClaimChecks checks = new(run);
    private readonly MemoryWatch watch = new(run, key.PeerId);
    private readonly Dictionary<Bytes32, int> hops = [];
    private readonly Dictionary<ulong, TimeSpan> damageReported = [];
    private Replicator? replicator;
    private VirtualStore? store;
    private VirtualWriter? writer;
    private ulong instance;

    public int Index { get; } = index;

    /// <summary>True if it breaks the rules, or has a twin.</summary>
    public bool IsHostile { get; init; }

    /// <summary>True if it is a copy of the node before it, with that one's key.</summary>
    public bool IsTwin { get; init; }

    public bool IsFlooder { get; init; }

    /// <summary>True if it has a twin, or is one.</summary>
    public bool Forks => IsHostile && !IsFlooder;

    /// <summary>What it has of a copied disk, and never got over a link.</summary>
    public ulong CopiedThrough { get; private set; }

    public PeerId PeerId => key.PeerId;

    public VirtualDisk Disk { get; private set; } = new();

    public VirtualWriter Writer => writer!;

    public bool DiskFull { get; set; }

    /// <summary>The next flush fails: true if what it was to flush is on disk all the same.</summary>
    public bool? FlushError { get; set; }

    /// <summary>The next read of a log or of a conversation's heads fails.</summary>
    public bool ReadError { get; set; }

    public TimeSpan ClockOffset { get; set; }

    public DateTimeOffset WallClock => FirstDay + run.Schedule.Now + ClockOffset;

    public int Incarnation { get; private set; }

    public bool Up => replicator is not null;

    /// <summary>False while the node's owner has left the conversation.</summary>
    public bool Joined { get; private set; } = true;

    /// <summary>An older database was put back: what others know of this node may be more than it holds.</summary>
    public bool Restored { get; private set; }

    public void Start()
    {
        instance = run.NextInstance();
        watch.Restart();
        replicator = new Replicator(PeerId, run.Limits, Disk.LastPosition);
        store = new VirtualStore(run, this);
        writer = new VirtualWriter(run, this, key);
        foreach (var (peer, position) in Disk.Heard)
            heard[peer] = position;
    }

    /// <summary>Starts on a copy of another node's disk, and goes on in its log.</summary>
    public void StartAsTwinOf(VirtualNode other)
    {
        Disk = other.Disk.Copy();
        Disk.Heard.Clear();
        CopiedThrough = Disk.LastPosition;
        Start();
        if (other.Up)
            writer!.GoOnLike(other.Writer);
    }

    public void Crash()
    {
        store!.Crash();
        Incarnation++;
        replicator = null;
        store = null;
        writer = null;
        links.Clear();
        heard.Clear();
        allowances.Clear();
        sharing.Clear();
        tells.Clear();
        loads.Clear();
        damageReported.Clear();
    }

    public void PutBack(VirtualDisk backup)
    {
        Restored = true;
        Disk = backup;
    }

    /// <summary>How far the running process of a peer was heard; 0 if it was another process, or other conversations were shared.</summary>
    public ulong HeardOf(VirtualNode peer, bool shared) =>
        heard.TryGetValue(peer.PeerId, out var known) && known.Instance == peer.instance && known.Scope == ScopeOf(peer, shared) ? known.Position : 0;

    private ulong ScopeOf(VirtualNode peer, bool shared) =>
        HeardPosition.ComputeScope(shared ? [run.Network.SharedBy(this, peer).Conversation] : []);

    public void PersistHeard()
    {
        foreach (var (peer, position) in heard)
            Disk.Heard[peer] = position;
    }

    public void Weigh()
    {
        if (replicator is { } running)
            watch.Weigh(running);
    }

    public void Send(VirtualDraft draft) => store!.Send(draft);

    public bool? TakeFlushError()
    {
        var error = FlushError;
        FlushError = null;
        return error;
    }

    /// <summary>Reads everything that is stored, as a subscription from the start does.</summary>
    public void ReadFeed()
    {
        if (!Up)
            return;
        foreach (var segment in Disk.Feed)
        {
            if (segment.Damaged)
                ReportDamage(segment);
        }
    }

    /// <param name="link">The link.</param>
    /// <param name="peer">Its other side.</param>
    /// <param name="toldThrough">What that has heard.</param>
    /// <param name="own">Whether this node said that it shares the conversation, in its Hello.</param>
    /// <param name="other">Whether the other side said so.</param>
    public void LinkUp(VirtualLink link, VirtualNode peer, ulong toldThrough, bool own, bool other)
    {
        foreach (var old in links.Values.Where(old => old.Peer(this) == peer).ToList())
            LinkDown(old, Incarnation);
        links.Add(link.Id, link);
        allowances[link.Id] = 0;
        var inputs = new List<ReplicatorInput> { new ReplicatorInput.LinkUp(link.Id, peer.PeerId, 0, 0, toldThrough) };
        if (run.Options.Room)
            inputs.Add(new ReplicatorInput.Bound(run.Network.SharedBy(this, peer).Conversation, QuotaScope.Room));
        sharing[link.Id] = (other, own && other, ScopeOf(peer, own && other));
        if (own && other)
            inputs.Add(MakeSharing(link, on: true));
        Handle(inputs);
        if (own != Joined)
            Say(link);
    }

    /// <summary>The owner leaves the conversation, or comes back.</summary>
    public void Join(bool joined)
    {
        if (joined == Joined)
            return;
        Joined = joined;
        foreach (var link in links.Values.ToList())
            Say(link);
    }

    private void Say(VirtualLink link)
    {
        var (joined, peer) = (Joined, link.Peer(this));
        link.Send(this, () => peer.TakeShares(link, joined));
        Settle(link);
    }

    private void TakeShares(VirtualLink link, bool joined)
    {
        if (!links.ContainsKey(link.Id))
            return;
        sharing[link.Id] = sharing[link.Id] with { Other = joined };
        Settle(link);
    }

    private void Settle(VirtualLink link)
    {
        var (other, shared, scope) = sharing[link.Id];
        if ((Joined && other) == shared)
            return;
        // What was shared on a link once and ceased to be is shared again on another one.
        if (!shared && ended.Contains(link.Id))
        {
            LinkDown(link, Incarnation);
            return;
        }

        if (shared)
            ended.Add(link.Id);
        sharing[link.Id] = (other, !shared, scope);
        tells.Remove(link.Id);
        Handle([MakeSharing(link, !shared)]);
    }

    private ReplicatorInput.Sharing MakeSharing(VirtualLink link, bool on)
    {
        var (conversation, authors) = run.Network.SharedBy(this, link.Peer(this));
        return new ReplicatorInput.Sharing(link.Id, conversation, authors, on);
    }

    public void LinkDown(VirtualLink link, int incarnation)
    {
        if (incarnation != Incarnation)
            return;
        if (!links.Remove(link.Id))
        {
            // It never came up here: a dial that ran out of time.
            run.Network.OnLinkDown(this, link.Peer(this));
            return;
        }

        link.Break(noticedBy: this);
        allowances.Remove(link.Id);
        sharing.Remove(link.Id);
        tells.Remove(link.Id);
        loads.RemoveWhere(load => load.Item1 == link.Id);
        Handle([new ReplicatorInput.LinkDown(link.Id)]);
        run.Network.OnLinkDown(this, link.Peer(this));
    }

    public void Handle(IReadOnlyList<ReplicatorInput> inputs)
    {
        foreach (var input in inputs)
        {
            Note(input);
            tells.Note(input);
            if (input is ReplicatorInput.StoreFailed failed)
                watch.NoteFailed(failed.Head);
        }

        var outputs = new List<ReplicatorOutput>();
        replicator!.Handle(run.Schedule.Now, inputs, outputs);
        foreach (var output in outputs)
        {
            if (!TrySend(output))
                Do(output);
        }

        tells.EndStep();
        SimulationFault.Check(store!.Storing <= run.Limits.CreditBudget, "V1: more waits for the store than the budget has.");
        watch.Look(replicator!);
    }

    private bool TrySend(ReplicatorOutput output)
    {
        switch (output)
        {
            case ReplicatorOutput.SendHave have:
                foreach (var item in have.Logs)
                    SimulationFault.Check(Disk.HeadOf(item.LogId).Sequence >= item.Head.Sequence, "D2: told before it was on disk.");
                tells.Note(have);
                return Send(have.Link, link => new ReplicatorInput.Have(link, have.Logs, have.Through));
            case ReplicatorOutput.SendWant want:
                return Send(want.Link, link => new ReplicatorInput.Want(link, want.LogId, want.After, want.Standing, want.ErasedThrough));
            case ReplicatorOutput.SendUnwant unwant:
                return Send(unwant.Link, link => new ReplicatorInput.Unwant(link, unwant.LogId));
            case ReplicatorOutput.SendCredit credit:
                allowances[credit.Link] += credit.Bytes;
                SimulationFault.Check(allowances[credit.Link] <= run.Limits.LinkCredit, "A link was given more than its part.");
                return Send(credit.Link, link => new ReplicatorInput.Credit(link, credit.Bytes));
            case ReplicatorOutput.SendRefuse refuse:
                tells.NoteWant(refuse.Link, refuse.LogId);
                return Send(refuse.Link, link => new ReplicatorInput.Refuse(link, refuse.LogId, refuse.Reason, refuse.Erased));
            case ReplicatorOutput.SendForkProof proof:
                run.Counts.ForkProofs++;
                tells.NoteWant(proof.Link, proof.First.LogId);
                return Send(proof.Link, link => new ReplicatorInput.ForkProof(link, proof.First, proof.Second));
            case ReplicatorOutput.SendSegments segments:
                SendSegments(segments);
                return true;
            default:
                return false;
        }
    }

    private void Do(ReplicatorOutput output)
    {
        switch (output)
        {
            case ReplicatorOutput.LoadHeads load:
                Later(2, () => Answer(load));
                break;
            case ReplicatorOutput.Load load:
                SimulationFault.Check(loads.Add((load.Link, load.LogId)), "Two Loads of one log are in flight for one link.");
                Later(3, () => Answer(load));
                break;
            case ReplicatorOutput.Store stored:
                watch.Note(stored.Header);
                checks.CheckErased(stored);
                (stored.Body as VirtualBody)?.Leave();
                store!.Store(stored.Header, (stored.Body as VirtualBody)?.Bytes, stored.Refusals);
                break;
            case ReplicatorOutput.Repair repair:
                ((VirtualBody)repair.Body).Leave();
                store!.Replace(repair.Header);
                break;
            case ReplicatorOutput.Freeze freeze:
                Later(3, () => Handle([new ReplicatorInput.Frozen(freeze.LogId, Disk.Freeze(freeze.LogId, freeze.First, freeze.Second))]));
                break;
            case ReplicatorOutput.Release release:
                (release.Body as VirtualBody)?.Leave();
                break;
            case ReplicatorOutput.WakeAt wake:
                var incarnation = Incarnation;
                run.Schedule.At(wake.Time, () =>
                {
                    if (incarnation == Incarnation)
                        Handle([new ReplicatorInput.Tick()]);
                });
                break;
            case ReplicatorOutput.QuotaReached or ReplicatorOutput.QuotaReachedThere when run.Options.AuthorRate is not null:
                break;
            case ReplicatorOutput.Acknowledged acknowledged:
                checks.CheckHeld(acknowledged);
                Disk.Acknowledged[acknowledged.LogId] = Math.Max(acknowledged.Head.Sequence, Disk.Acknowledged.GetValueOrDefault(acknowledged.LogId));
                break;
            case ReplicatorOutput.HeardThrough through:
                var peer = links[through.Link].Peer(this);
                var scope = sharing[through.Link].Scope;
                if (scope == ScopeOf(peer, shared: true))
                    checks.CheckHeard(this, peer, through.Position);
                heard[peer.PeerId] = new HeardPosition(peer.instance, through.Position, scope);
                break;
            case ReplicatorOutput.Close close:
                throw new SimulationFault($"An honest link was closed: {close.Reason}.");
            default:
                throw new SimulationFault($"Nobody does {output}.");
        }
    }

    private void Answer(ReplicatorOutput.LoadHeads load)
    {
        ReplicatorInput read = TakeReadError() ? new ReplicatorInput.HeadsFailed(load.Conversation) : Disk.LoadHeads(load.Conversation, load.After, 3);
        Handle([read]);
    }

    private void Answer(ReplicatorOutput.Load load)
    {
        if (links.TryGetValue(load.Link, out var link) && TakeReadError())
        {
            LinkDown(link, Incarnation);
            return;
        }

        loads.Remove((load.Link, load.LogId));
        var result = Disk.Load(load.LogId, load.After, load.MaxWeight, load.ErasedThrough);
        if (result is LoadResult.Damaged)
            ReportDamage(Disk.Find(load.LogId, load.After.Sequence + 1)!);
        Handle([new ReplicatorInput.Loaded(load.Link, load.LogId, result)]);
    }

    private bool TakeReadError()
    {
        var error = ReadError;
        ReadError = false;
        return error;
    }

    private void ReportDamage(DiskSegment segment)
    {
        if (damageReported.TryGetValue(segment.LastPosition, out var last) && last + DamagePause > run.Schedule.Now)
            return;
        damageReported[segment.LastPosition] = run.Schedule.Now;
        Later(2, () => Handle([new ReplicatorInput.Damaged(segment.Header.Log, segment.Header.LogId, segment.Header.After)]));
    }

    private bool Send(LinkId id, Func<LinkId, ReplicatorInput> write)
    {
        var link = links[id];
        var peer = link.Peer(this);
        link.Send(this, () => peer.Receive(link, [write(id)]));
        return true;
    }

    private void SendSegments(ReplicatorOutput.SendSegments segments)
    {
        var link = links[segments.Link];
        var peer = link.Peer(this);
        var hostile = segments.Segments.Count(held => run.IsHostile(held.Header.Log.Author));
        run.Counts.HostileSegmentsSent += hostile;
        run.Counts.SegmentsSent += segments.Segments.Count - hostile;
        foreach (var held in segments.Segments)
        {
            (held.Body as VirtualBody)?.Leave();
            var hop = hops.GetValueOrDefault(held.Header.Hash) + 1;
            if (peer.hops.TryAdd(held.Header.Hash, hop))
                run.Counts.MostHops = Math.Max(run.Counts.MostHops, hop);
        }

        link.Send(this, () => peer.Receive(link, peer.Verify(link, segments.Segments)));
    }

    /// <summary>What the wire does before the replicator sees a segment; signatures are sampled, they are slow.</summary>
    private List<ReplicatorInput> Verify(VirtualLink link, IReadOnlyList<HeldSegment> segments)
    {
        var inputs = new List<ReplicatorInput>();
        foreach (var held in segments)
        {
            var bytes = (held.Body as VirtualBody)?.Bytes;
            SimulationFault.Check(bytes is null || SegmentVerification.BodyMatches(held.Header, bytes), "A body changed on its way.");
            SimulationFault.Check(
                run.Counts.SegmentsReceived % 16 != 0 || SegmentVerification.FindFault(held.Header) is null, "A header changed on its way.");
            run.Counts.SegmentsReceived++;
            allowances[link.Id] -= held.Weight;
            tells.NoteBrought(link.Id, held.Header);
            inputs.Add(new ReplicatorInput.Segment(link.Id, held.Header, bytes is null ? new ErasedBody() : new VirtualBody(bytes)));
        }

        return inputs;
    }

    private void Receive(VirtualLink link, List<ReplicatorInput> inputs)
    {
        if (!links.ContainsKey(link.Id))
            return;
        Handle(inputs);
        foreach (var input in inputs.OfType<ReplicatorInput.Segment>())
            SimulationFault.Check(input.Body is not VirtualBody { Out: false }, "A handle stayed inside.");
    }

    private void Later(int milliseconds, Action action)
    {
        var incarnation = Incarnation;
        run.Schedule.After(TimeSpan.FromMilliseconds(run.Random.Next(0, milliseconds + 1)), () =>
        {
            if (incarnation == Incarnation)
                action();
        });
    }

    private void Note(ReplicatorInput input)
    {
        var value = input switch
        {
            ReplicatorInput.Segment segment => segment.Header.Hash.Prefix,
            ReplicatorInput.Stored stored => stored.Position,
            ReplicatorInput.Appended appended => appended.Position,
            ReplicatorInput.Have have => (ulong)have.Logs.Count,
            ReplicatorInput.Want want => want.After.Sequence,
            ReplicatorInput.Credit credit => (ulong)credit.Bytes,
            _ => 0ul,
        };
        run.Schedule.Note(Index, input.GetType().Name.Length, value);
    }
}
