using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>A node around a production replicator: its shell, its disk and its log writer, all on virtual time.</summary>
internal sealed class VirtualNode(SimulationRun run, int index, IdentityKey key)
{
    private readonly Dictionary<LinkId, VirtualLink> links = [];
    private readonly Dictionary<ConversationId, (LogKey Log, Head Tail)> writing = [];
    private readonly Dictionary<PeerId, ulong> heard = [];
    private readonly Dictionary<LinkId, long> allowances = [];
    private readonly HashSet<(LinkId, LogId)> loads = [];
    private Replicator? replicator;
    private VirtualStore? store;
    private ulong epoch;

    public int Index { get; } = index;

    public PeerId PeerId => key.PeerId;

    public VirtualDisk Disk { get; } = new();

    public bool DiskFull { get; set; }

    public int Incarnation { get; private set; }

    public bool Up => replicator is not null;

    public RunCounts Counts => run.Counts;

    public void Start()
    {
        replicator = new Replicator(PeerId, run.Limits, Disk.LastPosition);
        store = new VirtualStore(run.Schedule, run.Random, run.Options.SlowestCommit, this);
        foreach (var (peer, position) in Disk.Heard)
            heard[peer] = position;
    }

    public void Crash()
    {
        Incarnation++;
        replicator = null;
        store = null;
        links.Clear();
        writing.Clear();
        heard.Clear();
        allowances.Clear();
        loads.Clear();
    }

    public ulong HeardOf(VirtualNode peer) => heard.GetValueOrDefault(peer.PeerId);

    public void PersistHeard()
    {
        foreach (var (peer, position) in heard)
            Disk.Heard[peer] = position;
    }

    public void Append(ConversationId conversation, int count, byte[] body)
    {
        if (!writing.TryGetValue(conversation, out var log))
            writing.Add(conversation, log = BeginLog(conversation));
        var header = SegmentHeader.Sign(key, log.Log, log.Tail, count, body, log.Tail.Sequence == 0 ? WriteOpening(conversation) : []);
        run.NoteSigned(header);
        writing[conversation] = (log.Log, header.Head);
        store!.Add(header, body, own: true);
    }

    /// <summary>A failed append is never tried again in the same log: another segment would stand at its place.</summary>
    public void OnAppendFailed(ConversationId conversation) => writing.Remove(conversation);

    public void OnWritten(DiskSegment segment, bool own)
    {
        if (own)
            run.NoteAccepted(segment);
    }

    public void LinkUp(VirtualLink link, VirtualNode peer, ulong toldThrough)
    {
        foreach (var old in links.Values.Where(old => old.Peer(this) == peer).ToList())
            LinkDown(old, Incarnation);
        links.Add(link.Id, link);
        allowances[link.Id] = 0;
        var inputs = new List<ReplicatorInput> { new ReplicatorInput.LinkUp(link.Id, peer.PeerId, 0, 0, toldThrough) };
        var (conversation, authors) = run.SharedBy(this, peer);
        inputs.Add(new ReplicatorInput.Sharing(link.Id, conversation, authors, On: true));
        Handle(inputs);
    }

    public void LinkDown(VirtualLink link, int incarnation)
    {
        if (incarnation != Incarnation || !links.Remove(link.Id))
            return;
        link.Break(noticedBy: this);
        allowances.Remove(link.Id);
        loads.RemoveWhere(load => load.Item1 == link.Id);
        Handle([new ReplicatorInput.LinkDown(link.Id)]);
        run.OnLinkDown(this, link.Peer(this));
    }

    public void Handle(IReadOnlyList<ReplicatorInput> inputs)
    {
        foreach (var input in inputs)
            run.Schedule.Note(Index, input.GetType().Name.Length, 0);
        var outputs = new List<ReplicatorOutput>();
        replicator!.Handle(run.Schedule.Now, inputs, outputs);
        foreach (var output in outputs)
        {
            Counts.Outputs++;
            if (!TrySend(output))
                Do(output);
        }

        SimulationFault.Check(
            allowances.Values.Sum() + store!.Storing <= run.Limits.CreditBudget, "More credit was given than the budget has.");
    }

    private bool TrySend(ReplicatorOutput output)
    {
        switch (output)
        {
            case ReplicatorOutput.SendHave have:
                Counts.Haves++;
                foreach (var item in have.Logs)
                    SimulationFault.Check(Disk.HeadOf(item.LogId).Sequence >= item.Head.Sequence, "D2: told before it was on disk.");
                return Send(have.Link, link => new ReplicatorInput.Have(link, have.Logs, have.Through));
            case ReplicatorOutput.SendWant want:
                Counts.Wants++;
                return Send(want.Link, link => new ReplicatorInput.Want(link, want.LogId, want.After, want.Standing));
            case ReplicatorOutput.SendUnwant unwant:
                return Send(unwant.Link, link => new ReplicatorInput.Unwant(link, unwant.LogId));
            case ReplicatorOutput.SendCredit credit:
                Counts.Credits++;
                allowances[credit.Link] += credit.Bytes;
                return Send(credit.Link, link => new ReplicatorInput.Credit(link, credit.Bytes));
            case ReplicatorOutput.SendRefuse refuse:
                Counts.Refuses++;
                return Send(refuse.Link, link => new ReplicatorInput.Refuse(link, refuse.LogId, refuse.Reason));
            case ReplicatorOutput.SendForkProof proof:
                Counts.ForkProofs++;
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
                Later(2, () => Handle([Disk.LoadHeads(load.Conversation, load.After, 3)]));
                break;
            case ReplicatorOutput.Load load:
                SimulationFault.Check(loads.Add((load.Link, load.LogId)), "Two Loads of one log are in flight for one link.");
                Later(3, () => Answer(load));
                break;
            case ReplicatorOutput.Store stored:
                ((VirtualBody)stored.Body).Leave();
                store!.Add(stored.Header, ((VirtualBody)stored.Body).Bytes, own: false);
                break;
            case ReplicatorOutput.Freeze freeze:
                Later(3, () => Handle([new ReplicatorInput.Frozen(freeze.LogId, Disk.Freeze(freeze.LogId, freeze.First, freeze.Second))]));
                break;
            case ReplicatorOutput.Release release:
                ((VirtualBody)release.Body).Leave();
                Counts.Released++;
                break;
            case ReplicatorOutput.WakeAt wake:
                var incarnation = Incarnation;
                run.Schedule.At(wake.Time, () =>
                {
                    if (incarnation == Incarnation)
                        Handle([new ReplicatorInput.Tick()]);
                });
                break;
            case ReplicatorOutput.Acknowledged acknowledged:
                run.CheckHeld(acknowledged.Peer, acknowledged.LogId, acknowledged.Head);
                break;
            case ReplicatorOutput.HeardThrough through:
                var peer = links[through.Link].Peer(this);
                run.CheckHeard(this, peer, through.Position);
                heard[peer.PeerId] = through.Position;
                break;
            case ReplicatorOutput.Close close:
                throw new SimulationFault($"An honest link was closed: {close.Reason}.");
            default:
                throw new SimulationFault($"Nobody does {output}.");
        }
    }

    private void Answer(ReplicatorOutput.Load load)
    {
        loads.Remove((load.Link, load.LogId));
        Handle([new ReplicatorInput.Loaded(load.Link, load.LogId, Disk.Load(load.LogId, load.After, load.MaxWeight))]);
    }

    private bool Send(LinkId id, Func<LinkId, ReplicatorInput> write)
    {
        var link = links[id];
        var peer = link.Peer(this);
        link.Send(this, 0, () => peer.Receive(link, [write(id)]));
        return true;
    }

    private void SendSegments(ReplicatorOutput.SendSegments segments)
    {
        var link = links[segments.Link];
        var peer = link.Peer(this);
        Counts.SegmentFrames++;
        Counts.SegmentsSent += segments.Segments.Count;
        foreach (var held in segments.Segments)
            ((VirtualBody)held.Body).Leave();
        link.Send(this, segments.Segments.Count, () => peer.Receive(link, peer.Verify(link, segments.Segments)));
    }

    /// <summary>What the wire does before the replicator sees a segment; signatures are sampled, they are slow.</summary>
    private List<ReplicatorInput> Verify(VirtualLink link, IReadOnlyList<HeldSegment> segments)
    {
        var inputs = new List<ReplicatorInput>();
        foreach (var held in segments)
        {
            var bytes = ((VirtualBody)held.Body).Bytes;
            SimulationFault.Check(SegmentVerification.BodyMatches(held.Header, bytes), "A body changed on its way.");
            SimulationFault.Check(
                Counts.SegmentsReceived % 16 != 0 || SegmentVerification.FindFault(held.Header) is null, "A header changed on its way.");
            Counts.SegmentsReceived++;
            allowances[link.Id] -= held.Header.Weight;
            inputs.Add(new ReplicatorInput.Segment(link.Id, held.Header, new VirtualBody(bytes)));
        }

        return inputs;
    }

    private void Receive(VirtualLink link, List<ReplicatorInput> inputs)
    {
        if (!links.ContainsKey(link.Id))
            return;
        Handle(inputs);
        foreach (var input in inputs.OfType<ReplicatorInput.Segment>())
            SimulationFault.Check(((VirtualBody)input.Body).Out, "A handle stayed inside.");
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

    private (LogKey Log, Head Tail) BeginLog(ConversationId conversation)
    {
        var log = new LogKey(conversation, PeerId, ((ulong)Index << 40) + ((ulong)Incarnation << 20) + ++epoch);
        return (log, log.ToLogId().Empty);
    }

    private byte[] WriteOpening(ConversationId conversation)
    {
        var opening = new Protocol.Opening();
        var last = Disk.Feed.FindLast(segment => segment.Header.Log.Conversation == conversation && segment.Header.Log.Author == PeerId);
        if (last is not null)
        {
            opening.PredecessorEpoch = last.Header.Log.Epoch;
            opening.PredecessorHead = SegmentCodec.Write(last.Header.Head);
        }

        return opening.ToByteArray();
    }
}
