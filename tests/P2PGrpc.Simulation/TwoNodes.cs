using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>Replicators wired to each other by hand: every step's outputs are written down as text, disks answer at once, and frames
/// arrive in order. For scenarios whose cost is to be read.</summary>
internal sealed class TwoNodes
{
    private readonly Queue<Action> work = [];
    private long nextLink;

    public TwoNodes(ReplicatorLimits? limits = null)
    {
        Limits = limits ?? new ReplicatorLimits();
        Alice = new Side(this, "alice", SimulationKeys.All[0]);
        Bob = new Side(this, "bob", SimulationKeys.All[1]);
        Alice.Start();
        Bob.Start();
    }

    public ReplicatorLimits Limits { get; }

    public Side Alice { get; }

    public Side Bob { get; }

    public TimeSpan Now { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Frames and acknowledgements since the last call, as "alice: Have" lines.</summary>
    public List<string> Lines { get; } = [];

    public ConversationId Conversation => ConversationId.Direct(Alice.PeerId, Bob.PeerId);

    public string TakeLines()
    {
        var lines = string.Join("\n", Lines);
        Lines.Clear();
        return lines;
    }

    public void Connect()
    {
        var link = new LinkId(++nextLink);
        Alice.LinkUp(link, Bob);
        Bob.LinkUp(link, Alice);
        Settle();
    }

    public void Disconnect()
    {
        Alice.LinkDown();
        Bob.LinkDown();
        Settle();
    }

    public void Settle()
    {
        while (work.TryDequeue(out var step))
            step();
    }

    /// <summary>Lets time pass, with a tick to each side.</summary>
    public void Pass(TimeSpan time)
    {
        Now += time;
        Alice.Handle(new ReplicatorInput.Tick());
        Bob.Handle(new ReplicatorInput.Tick());
        Settle();
    }

    /// <summary>One of the two.</summary>
    internal sealed class Side(TwoNodes nodes, string name, IdentityKey key)
    {
        private Replicator? replicator;
        private LogKey? writing;
        private Side? peer;
        private ulong epoch;

        public PeerId PeerId => key.PeerId;

        public VirtualDisk Disk { get; set; } = new();

        public LinkId? Link { get; private set; }

        public ulong Heard { get; set; }

        public StoreFailure? Failure { get; set; }

        public Dictionary<LogId, Head> Acknowledged { get; } = [];

        public int QuotasReached { get; private set; }

        public int QuotasReachedThere { get; private set; }

        /// <summary>A new process on the same disk.</summary>
        public void Start()
        {
            replicator = new Replicator(PeerId, nodes.Limits, Disk.LastPosition);
            writing = null;
            Link = null;
        }

        public SegmentHeader Append(int length = 10)
        {
            writing ??= new LogKey(nodes.Conversation, PeerId, ++epoch);
            var header = Sign(writing.Value, Disk.HeadOf(writing.Value.ToLogId()), length);
            Write(header, new byte[length]);
            nodes.Settle();
            return header;
        }

        public SegmentHeader Sign(LogKey log, Head after, int length, int count = 1) =>
            SegmentHeader.Sign(key, log, after, count, new byte[length], []);

        public void Write(SegmentHeader header, byte[] body)
        {
            var written = Disk.TryWrite(header, body) ?? throw new InvalidOperationException("The test's own append does not follow.");
            Handle(new ReplicatorInput.Appended(header.Log, header.LogId, header.Head, written.LastPosition));
        }

        public void LinkUp(LinkId link, Side other)
        {
            (Link, peer) = (link, other);
            Handle(
            [
                new ReplicatorInput.LinkUp(link, other.PeerId, 1, 0, other.Heard),
                new ReplicatorInput.Sharing(link, nodes.Conversation, new HashSet<PeerId> { PeerId, other.PeerId }, true),
            ]);
        }

        public void LinkDown()
        {
            if (Link is not { } link)
                return;
            Link = null;
            Handle(new ReplicatorInput.LinkDown(link));
        }

        public void Handle(ReplicatorInput input) => Handle([input]);

        private void Handle(ReplicatorInput[] inputs)
        {
            var outputs = new List<ReplicatorOutput>();
            replicator!.Handle(nodes.Now, inputs, outputs);
            foreach (var output in outputs)
                Do(output);
        }

        private void Do(ReplicatorOutput output)
        {
            switch (output)
            {
                case ReplicatorOutput.SendHave have:
                    Send($"Have {string.Join(",", have.Logs.Select(log => log.Head.Sequence))}", link => new ReplicatorInput.Have(link, have.Logs, have.Through));
                    break;
                case ReplicatorOutput.SendWant want:
                    Send($"Want {want.After.Sequence}", link => new ReplicatorInput.Want(link, want.LogId, want.After, want.Standing, want.ErasedThrough));
                    break;
                case ReplicatorOutput.SendUnwant unwant:
                    Send("Unwant", link => new ReplicatorInput.Unwant(link, unwant.LogId));
                    break;
                case ReplicatorOutput.SendCredit credit:
                    Send("Credit", link => new ReplicatorInput.Credit(link, credit.Bytes));
                    break;
                case ReplicatorOutput.SendRefuse refuse:
                    Send($"Refuse {refuse.Reason}", link => new ReplicatorInput.Refuse(link, refuse.LogId, refuse.Reason, refuse.Erased));
                    break;
                case ReplicatorOutput.SendForkProof proof:
                    Send(proof.Second is null ? "ForkProof one" : "ForkProof both", link => new ReplicatorInput.ForkProof(link, proof.First, proof.Second));
                    break;
                case ReplicatorOutput.SendSegments sent:
                    var receiver = peer!;
                    Note($"Segments {string.Join(",", sent.Segments.Select(segment => segment.Header.LastSequence))}");
                    foreach (var held in sent.Segments)
                        nodes.work.Enqueue(() => receiver.Receive(sent.Link, held));
                    break;
                default:
                    nodes.work.Enqueue(() => DoHere(output));
                    break;
            }
        }

        private void DoHere(ReplicatorOutput output)
        {
            switch (output)
            {
                case ReplicatorOutput.LoadHeads load:
                    Handle(Disk.LoadHeads(load.Conversation, load.After, 2));
                    break;
                case ReplicatorOutput.Load load:
                    Handle(new ReplicatorInput.Loaded(load.Link, load.LogId, Disk.Load(load.LogId, load.After, load.MaxWeight, load.ErasedThrough)));
                    break;
                case ReplicatorOutput.Store store when Failure is { } failure:
                    Handle(new ReplicatorInput.StoreFailed(store.Header.LogId, store.Header.Head, failure));
                    break;
                case ReplicatorOutput.Store store:
                    var written = Disk.TryWrite(store.Header, (store.Body as VirtualBody)?.Bytes);
                    Handle(written is null
                        ? new ReplicatorInput.StoreFailed(store.Header.LogId, store.Header.Head, StoreFailure.Mismatch)
                        : new ReplicatorInput.Stored(store.Header.Log, store.Header.LogId, store.Header.Head, written.LastPosition));
                    break;
                case ReplicatorOutput.Freeze freeze:
                    Handle(new ReplicatorInput.Frozen(freeze.LogId, Disk.Freeze(freeze.LogId, freeze.First, freeze.Second)));
                    break;
                case ReplicatorOutput.Acknowledged acknowledged:
                    Acknowledged[acknowledged.LogId] = acknowledged.Head;
                    break;
                case ReplicatorOutput.QuotaReached:
                    QuotasReached++;
                    break;
                case ReplicatorOutput.QuotaReachedThere:
                    QuotasReachedThere++;
                    break;
                case ReplicatorOutput.HeardThrough through:
                    Heard = through.Position;
                    break;
                case ReplicatorOutput.ForgetHeard:
                    Heard = 0;
                    break;
                case ReplicatorOutput.Close close:
                    Note($"Close {close.Reason}");
                    break;
                default:
                    break;
            }
        }

        private void Send(string line, Func<LinkId, ReplicatorInput> write)
        {
            Note(line);
            if (Link is not { } link)
                return;
            var receiver = peer!;
            nodes.work.Enqueue(() =>
            {
                if (receiver.Link == link)
                    receiver.Handle(write(link));
            });
        }

        private void Receive(LinkId link, HeldSegment held)
        {
            if (Link == link)
                Handle(new ReplicatorInput.Segment(link, held.Header, held.Body is VirtualBody body ? new VirtualBody(body.Bytes) : new ErasedBody()));
        }

        private void Note(string line) => nodes.Lines.Add($"{name}: {line}");
    }
}
