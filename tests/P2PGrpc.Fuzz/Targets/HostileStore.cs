using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>The store below a replicator among hostile peers: it keeps its side of the contract, and fails as a store may. What it is asked for is answered in an order
/// and at times that are drawn.</summary>
internal sealed class HostileStore(Random random, ConversationId conversation, Func<BodyHandle> makeBody, Action<BodyHandle> forget)
{
    private readonly Dictionary<LogId, List<SegmentHeader>> disk = [];
    private readonly HashSet<LogId> frozen = [];
    private readonly Queue<ReplicatorOutput.Store> stores = [];
    private readonly Queue<ReplicatorOutput.Repair> repairs = [];
    private readonly Queue<ReplicatorOutput.Freeze> freezes = [];
    private readonly Queue<ConversationId> heads = [];
    private readonly Queue<ReplicatorInput.Stored> recovered = [];
    private StoreFailure lastRefusal;
    private long refusals;

    public ulong Position { get; private set; }

    /// <summary>Bytes that are with the store.</summary>
    public long Storing => stores.Sum(store => store.Body.Weigh(store.Header)) + repairs.Sum(repair => repair.Header.Weight);

    public Head HeadOf(LogId log) => disk.TryGetValue(log, out var headers) && headers.Count > 0 ? headers[^1].Head : log.Empty;

    public bool Holds(LogId log, Head head) => disk.TryGetValue(log, out var headers) && headers.Exists(header => header.Head == head);

    public void Take(ReplicatorOutput output)
    {
        switch (output)
        {
            case ReplicatorOutput.Store store:
                HostileWorld.Require(!frozen.Contains(store.Header.LogId), "S4: nothing is added to a frozen log.");
                HostileWorld.Require(store.Refusals == refusals, "The store hears how many refusals are known.");
                stores.Enqueue(store);
                break;
            case ReplicatorOutput.Repair repair:
                HostileWorld.Require(repairs.All(one => one.Header.LogId != repair.Header.LogId), "A log has one repair in flight.");
                repairs.Enqueue(repair);
                break;
            case ReplicatorOutput.Freeze freeze:
                HostileWorld.Require(freezes.All(one => one.LogId != freeze.LogId), "A log has one Freeze in flight.");
                freezes.Enqueue(freeze);
                break;
            case ReplicatorOutput.LoadHeads load:
                heads.Enqueue(load.Conversation);
                break;
            default:
                break;
        }
    }

    public ReplicatorInput? TryAnswer() => random.Next(4) switch
    {
        0 when heads.Count > 0 => AnswerHeads(),
        1 when freezes.Count > 0 => AnswerFreeze(),
        2 when repairs.Count > 0 => AnswerRepair(),
        _ => AnswerStore(),
    };

    /// <summary>Null if there is nothing to answer.</summary>
    public ReplicatorInput? AnswerStore()
    {
        // Positions are told in order.
        if (recovered.TryDequeue(out var found))
            return found;
        if (stores.Count == 0)
            return null;
        var (header, known) = stores.Dequeue() is var store ? (store.Header, store.Refusals) : default;
        var follows = header.After == HeadOf(header.LogId) && !frozen.Contains(header.LogId);
        if (known < refusals)
            return Refuse(header, lastRefusal);
        if (random.Next(12) < 3)
        {
            var failure = DrawFailure();
            if (failure == StoreFailure.Halted && follows && random.Next(2) == 0)
                recovered.Enqueue(Write(header, recovered: true));
            return Refuse(header, failure);
        }

        return follows ? Write(header, recovered: false) : new ReplicatorInput.StoreFailed(header.LogId, header.Head, StoreFailure.Mismatch);
    }

    /// <summary>Null if it can't be: then nothing was appended.</summary>
    public ReplicatorInput? Append(SegmentHeader header)
    {
        if (frozen.Contains(header.LogId))
            return null;
        if (recovered.TryDequeue(out var found))
            return found;
        var stored = Write(header, recovered: false);
        return new ReplicatorInput.Appended(stored.Log, stored.LogId, stored.Head, stored.Position);
    }

    public ReplicatorInput? DrawDamaged()
    {
        var held = disk.Values.SelectMany(log => log).ToList();
        return held.Count > 0 && held[random.Next(held.Count)] is var header
            ? new ReplicatorInput.Damaged(header.Log, header.LogId, header.After)
            : null;
    }

    public LoadResult Read(ReplicatorOutput.Load load)
    {
        if (random.Next(10) == 0)
            return random.Next(2) == 0 ? new LoadResult.Damaged() : new LoadResult.Pruned(new ErasedStretch(load.After.Sequence + 1, load.After.Sequence + 2 + (ulong)random.Next(6)));
        var log = disk[load.LogId];
        var at = load.After == load.LogId.Empty ? 0 : log.FindIndex(header => header.Head == load.After) + 1;
        if (at == 0 && load.After != load.LogId.Empty)
            return new LoadResult.NoSuchBoundary(log.LastOrDefault(header => header.FirstSequence <= load.After.Sequence) ?? log[0]);
        var held = new List<HeldSegment>();
        var room = load.MaxWeight;
        for (; at < log.Count; at++)
        {
            var segment = new HeldSegment(log[at], makeBody());
            if (segment.Weight > room || (segment.Body is ErasedBody && log[at].LastSequence > load.ErasedThrough))
            {
                // It never went in.
                forget(segment.Body);
                break;
            }

            room -= segment.Weight;
            held.Add(segment);
        }

        return new LoadResult.Segments(held);
    }

    private StoreFailure DrawFailure() => (StoreFailure)random.Next(3);

    private ReplicatorInput.StoreFailed Refuse(SegmentHeader header, StoreFailure failure)
    {
        if (failure is StoreFailure.Full or StoreFailure.Halted)
        {
            refusals++;
            lastRefusal = failure;
        }

        return new ReplicatorInput.StoreFailed(header.LogId, header.Head, failure);
    }

    private ReplicatorInput AnswerHeads()
    {
        // What was found on disk is told before it is read there.
        if (recovered.TryDequeue(out var found))
            return found;
        var asked = heads.Dequeue();
        if (random.Next(8) == 0)
            return new ReplicatorInput.HeadsFailed(asked);
        var stored = disk.Values.Where(log => log.Count > 0)
            .Select(log => new StoredHead(log[^1].Log, log[^1].LogId, log[^1].Head, Position, frozen.Contains(log[^1].LogId))).ToList();
        return new ReplicatorInput.HeadsLoaded(conversation, stored, null);
    }

    private ReplicatorInput.Repaired AnswerRepair()
    {
        var header = repairs.Dequeue().Header;
        return new ReplicatorInput.Repaired(
            header.LogId, header.Head, random.Next(2) == 0 ? null : random.Next(4) == 0 ? StoreFailure.Mismatch : DrawFailure());
    }

    private ReplicatorInput.Frozen AnswerFreeze()
    {
        var freeze = freezes.Dequeue();
        var second = freeze.Second
            ?? disk.GetValueOrDefault(freeze.LogId)?.FirstOrDefault(header => ForkRule.Proves(header, freeze.First));
        if (second is null)
            return new ReplicatorInput.Frozen(freeze.LogId, null);
        frozen.Add(freeze.LogId);
        return new ReplicatorInput.Frozen(freeze.LogId, new ForkProof(freeze.First, second));
    }

    private ReplicatorInput.Stored Write(SegmentHeader header, bool recovered)
    {
        if (!disk.TryGetValue(header.LogId, out var log))
            disk.Add(header.LogId, log = []);
        log.Add(header);
        Position += (ulong)header.Count;
        return new ReplicatorInput.Stored(header.Log, header.LogId, header.Head, Position, recovered);
    }
}
