using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>A body that knows nothing; only that it leaves the replicator once.</summary>
internal sealed class HostileBody : BodyHandle;

/// <summary>A replicator among peers that say anything that is well-formed, above a store that keeps its side of the contract.
/// Each step draws an input; every output is checked against the invariants.</summary>
internal sealed class HostileWorld
{
    private const int LinkCount = 4;

    private static readonly IdentityKey[] Keys = Enumerable.Range(1, 3).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray())).ToArray();

    /// <summary>For each author and epoch two chains that part at the third segment, and what follows nothing.</summary>
    private static readonly List<SegmentHeader[]> Chains = MakeChains();

    private readonly Random random;
    private readonly Replicator replicator;
    private readonly ReplicatorLimits limits = new()
    {
        CreditBudget = 4000,
        LinkCredit = 2000,
        FirstCredit = 1000,
        LoadWeight = 1200,
        HaveItems = 2,
        LogsPerLink = 5,
        LoadsPerLink = 2,
        LogsPerAuthor = 2,
        Freezes = 2,
        AuthorBytes = 3000,
        AllBytes = 5000,
        AuthorRate = 60_000,
        AllRate = 90_000,
        QuotaBurst = TimeSpan.FromSeconds(1),
        QuotaPause = TimeSpan.FromMilliseconds(200),
    };

    private readonly Dictionary<LinkId, long> allowances = [];
    private readonly HashSet<(LinkId, LogId)> loads = [];
    private readonly List<(LinkId Link, ReplicatorOutput.Load Load)> pendingLoads = [];
    private readonly Dictionary<LogId, LinkId> pushers = [];
    private readonly HashSet<BodyHandle> inside = [];
    private readonly Dictionary<LogId, ulong> erasedAsked = [];
    private readonly HashSet<LinkId> erasedWanted = [];
    private readonly HostileStore store;
    private readonly ConversationId conversation = ConversationId.Direct(Keys[0].PeerId, Keys[1].PeerId);
    private long nextLink;
    private TimeSpan now;

    public HostileWorld(Random random)
    {
        this.random = random;
        store = new HostileStore(random, conversation, MakeBody, body => inside.Remove(body));
        replicator = new Replicator(Keys[0].PeerId, limits, 0);
    }

    /// <summary>How often each kind of output was seen: a test that reaches nothing shows nothing.</summary>
    public SortedDictionary<string, int> Seen { get; } = new(StringComparer.Ordinal);

    public void Step()
    {
        now += TimeSpan.FromMilliseconds(random.Next(3) == 0 ? random.Next(700) : 1);
        if (Draw() is { } input)
            Handle(input);
    }

    /// <summary>Answers all that is pending, so that every handle must have left.</summary>
    public void Finish()
    {
        foreach (var link in allowances.Keys.ToList())
            Down(link);
        while (store.AnswerStore() is { } answer)
            Handle(answer);
        while (pendingLoads.Count > 0)
            Handle(AnswerLoad());
        Require(inside.Count == 0, "Every handle leaves.");
    }

    private static List<SegmentHeader[]> MakeChains()
    {
        var conversation = ConversationId.Direct(Keys[0].PeerId, Keys[1].PeerId);
        var chains = new List<SegmentHeader[]>();
        foreach (var key in Keys)
        {
            byte[] opening = [];
            for (ulong epoch = 1; epoch <= 3; epoch++)
            {
                var log = new LogKey(conversation, key.PeerId, epoch);
                chains.Add(MakeChain(key, log, 1, opening));
                chains.Add(MakeChain(key, log, 2, opening));
                opening = new Protocol.Opening { PredecessorEpoch = epoch, PredecessorHead = SegmentCodec.Write(chains[^1][3].Head) }.ToByteArray();
            }
        }

        return chains;
    }

    private static SegmentHeader[] MakeChain(IdentityKey key, LogKey log, byte mark, byte[] opening)
    {
        var headers = new List<SegmentHeader>();
        var head = log.ToLogId().Empty;
        for (var index = 0; index < 8; index++)
        {
            var count = index < 2 ? 2 : mark + index % 2;
            headers.Add(SegmentHeader.Sign(key, log, head, count, [index < 2 ? (byte)0 : mark, (byte)index], index == 0 ? opening : []));
            head = headers[^1].Head;
        }

        return [.. headers];
    }

    /// <summary>What the owner, or the store at its word, says of a conversation.</summary>
    private ReplicatorInput DrawOwners(ConversationId conversation)
    {
        var author = Keys[random.Next(3)].PeerId;
        return random.Next(4) switch
        {
            0 => new ReplicatorInput.Interest(random.Next(3) == 0 ? null : conversation, random.Next(2) == 0 ? null : author, random.Next(3) > 0),
            1 => new ReplicatorInput.Bound(conversation, (QuotaScope)random.Next(3)),
            2 => new ReplicatorInput.Freed(conversation, author, random.Next(2000)),
            _ => new ReplicatorInput.Interest(conversation, author, true),
        };
    }

    private ReplicatorInput? Draw()
    {
        var link = DrawLink();
        var header = DrawHeader();
        switch (random.Next(25))
        {
            case 0 when allowances.Count < LinkCount:
                return new ReplicatorInput.LinkUp(new LinkId(++nextLink), Keys[random.Next(3)].PeerId, 1, random.Next(2) * 600, (ulong)random.Next(20), random.Next(3) == 0);
            case 1 when random.Next(4) == 0 && allowances.Count > 0:
                Down(link);
                return null;
            case 2 or 3:
                return new ReplicatorInput.Sharing(link, conversation, DrawAuthors(), random.Next(8) > 0);
            case 4 or 5 or 6:
                return new ReplicatorInput.Have(link, DrawHeads(), random.Next(2) == 0 ? (ulong)random.Next(50) : null);
            case 7 or 8:
                return new ReplicatorInput.Want(link, header.LogId, random.Next(3) == 0 ? header.LogId.Empty : header.Head, random.Next(3) > 0, (ulong)random.Next(3) * 6);
            case 9:
                return new ReplicatorInput.Unwant(link, header.LogId);
            case 10 or 11 or 12 or 13:
                return DrawSegment(link, header);
            case 14:
                return new ReplicatorInput.Credit(link, random.Next(5) == 0 ? random.NextInt64() : random.Next(2000));
            case 15:
                return new ReplicatorInput.Refuse(link, header.LogId, (Protocol.RefuseReason)random.Next(7), DrawErased(header));
            case 16:
                return new ReplicatorInput.ForkProof(link, header, random.Next(2) == 0 ? null : DrawHeader());
            case 17:
                return DrawAppended();
            case 18:
                return DrawOwners(conversation);
            case 19:
                return new ReplicatorInput.Tick();
            case 20:
                return store.DrawDamaged();
            default:
                return DrawAnswer();
        }
    }

    private ErasedStretch? DrawErased(SegmentHeader header) =>
        random.Next(3) == 0 ? null : new ErasedStretch(header.FirstSequence, header.FirstSequence + 1 + (ulong)random.Next(12));

    private LinkId DrawLink() => allowances.Count == 0 || random.Next(30) == 0
        ? new LinkId(999)
        : allowances.Keys.Order(Comparer<LinkId>.Create((one, other) => one.Value.CompareTo(other.Value))).ElementAt(random.Next(allowances.Count));

    private SegmentHeader DrawHeader()
    {
        var chain = Chains[random.Next(Chains.Count)];
        return chain[random.Next(chain.Length)];
    }

    private HashSet<PeerId>? DrawAuthors() => random.Next(3) switch
    {
        0 => null,
        1 => [Keys[0].PeerId, Keys[1].PeerId],
        _ => [.. Keys.Select(key => key.PeerId)],
    };

    private List<LogHead> DrawHeads()
    {
        var heads = new List<LogHead>();
        for (var count = random.Next(0, 4); count > 0; count--)
        {
            var header = DrawHeader();
            var head = random.Next(10) == 0 ? new Head(ulong.MaxValue >> random.Next(1, 60), header.Hash) : header.Head;
            heads.Add(new LogHead(header.Log, header.LogId, head));
        }

        return heads;
    }

    /// <summary>Mostly what comes next, so that something gets stored.</summary>
    private ReplicatorInput.Segment DrawSegment(LinkId link, SegmentHeader header)
    {
        var next = Chains.SelectMany(chain => chain).Where(one => one.LogId == header.LogId && one.After == store.HeadOf(header.LogId)).ToArray();
        var sent = next.Length > 0 && random.Next(4) > 0 ? next[random.Next(next.Length)] : header;
        var body = MakeBody();
        if (allowances.TryGetValue(link, out var allowance) && allowance < body.Weigh(sent) && random.Next(10) > 0)
            link = new LinkId(999);
        else if (allowances.ContainsKey(link))
            allowances[link] -= body.Weigh(sent);
        return new ReplicatorInput.Segment(link, sent, body);
    }

    private ReplicatorInput? DrawAppended()
    {
        // The epoch 3 of our own is what this process appends to.
        var chain = Chains.First(one => one[0].Log.Author == Keys[0].PeerId && one[0].Log.Epoch == 3);
        return chain.FirstOrDefault(one => one.After == store.HeadOf(one.LogId)) is { } next ? store.Append(next) : null;
    }

    private ReplicatorInput? DrawAnswer() => random.Next(3) == 0 && pendingLoads.Count > 0 ? AnswerLoad() : store.TryAnswer();

    private ReplicatorInput.Loaded AnswerLoad()
    {
        var (link, load) = pendingLoads[0];
        pendingLoads.RemoveAt(0);
        loads.Remove((link, load.LogId));
        return new ReplicatorInput.Loaded(link, load.LogId, store.Read(load));
    }

    private BodyHandle MakeBody()
    {
        BodyHandle body = random.Next(4) == 0 ? new ErasedBody() : new HostileBody();
        inside.Add(body);
        return body;
    }

    private void Down(LinkId link)
    {
        Forget(link);
        Handle(new ReplicatorInput.LinkDown(link));
    }

    private void Forget(LinkId link)
    {
        allowances.Remove(link);
        foreach (var (log, pusher) in pushers.ToList())
        {
            if (pusher == link)
                pushers.Remove(log);
        }
    }

    private void Handle(ReplicatorInput input)
    {
        if (input is ReplicatorInput.LinkUp up)
            allowances.Add(up.Link, 0);
        if (input is ReplicatorInput.Want { ErasedThrough: > 0 } wantsErased)
            erasedWanted.Add(wantsErased.Link);
        if (input is ReplicatorInput.Refuse or ReplicatorInput.ForkProof or ReplicatorInput.Sharing)
            EndPushers(input);
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(now, input, outputs);
        Require(outputs.Count <= 100, $"{input.GetType().Name} gave {outputs.Count} outputs.");
        foreach (var output in outputs)
            Take(output);
        Require(store.Storing <= limits.CreditBudget, "What waits for the store stays within the budget.");
        Require(allowances.Values.All(allowance => allowance <= limits.LinkCredit), "No link is given more than its part.");
    }

    /// <summary>A pusher that refuses, or says what stands elsewhere, has ended its Want itself.</summary>
    private void EndPushers(ReplicatorInput input)
    {
        var (link, log) = input switch
        {
            ReplicatorInput.Refuse refuse => (refuse.Link, refuse.LogId),
            ReplicatorInput.ForkProof { Second: null } proof => (proof.Link, proof.First.LogId),
            _ => (default, default),
        };
        if (pushers.TryGetValue(log, out var pusher) && pusher == link)
            pushers.Remove(log);
    }

    private void Take(ReplicatorOutput output)
    {
        Seen[output.GetType().Name] = Seen.GetValueOrDefault(output.GetType().Name) + 1;
        switch (output)
        {
            case ReplicatorOutput.SendHave have:
                Require(have.Logs.Count <= limits.HaveItems, "A Have stays small.");
                Require(have.Logs.All(item => store.Holds(item.LogId, item.Head)), "D2: a Have says what is on disk.");
                Require(!(have.Through > store.Position), "Nothing beyond the feed's end is told.");
                break;
            case ReplicatorOutput.SendWant { Standing: true } want:
                erasedAsked[want.LogId] = Math.Max(want.ErasedThrough, erasedAsked.GetValueOrDefault(want.LogId));
                Require(pushers.TryAdd(want.LogId, want.Link) || pushers[want.LogId] == want.Link, "A log has one standing pusher.");
                break;
            case ReplicatorOutput.SendUnwant unwant when pushers.GetValueOrDefault(unwant.LogId) == unwant.Link:
                pushers.Remove(unwant.LogId);
                break;
            case ReplicatorOutput.SendCredit credit:
                Require(credit.Bytes > 0, "Credit is something.");
                allowances[credit.Link] += credit.Bytes;
                break;
            case ReplicatorOutput.SendSegments sent:
                foreach (var held in sent.Segments)
                    Leave(held.Body);
                Require(!sent.Segments.Any(held => held.Body is ErasedBody) || erasedWanted.Contains(sent.Link), "A header alone goes where that was wanted.");
                break;
            case ReplicatorOutput.Load load:
                Require(loads.Add((load.Link, load.LogId)) || !allowances.ContainsKey(load.Link), "A link and log have one Load in flight.");
                Require(load.MaxWeight >= 0 && load.MaxWeight <= limits.LoadWeight, "A Load stays small.");
                pendingLoads.Add((load.Link, load));
                break;
            case ReplicatorOutput.Store stored:
                Require(
                    stored.Body is not ErasedBody || stored.Header.LastSequence <= erasedAsked.GetValueOrDefault(stored.Header.LogId),
                    "A header alone is stored only where that was asked for.");
                Leave(stored.Body);
                store.Take(stored);
                break;
            case ReplicatorOutput.Repair repair:
                Leave(repair.Body);
                store.Take(repair);
                break;
            case ReplicatorOutput.Release release:
                Leave(release.Body);
                break;
            case ReplicatorOutput.Close close:
                Forget(close.Link);
                break;
            case ReplicatorOutput.Acknowledged acknowledged:
                Require(acknowledged.Head.Sequence <= store.HeadOf(acknowledged.LogId).Sequence, "A false acknowledgement went through.");
                break;
            default:
                store.Take(output);
                break;
        }
    }

    private void Leave(BodyHandle body) => Require(inside.Remove(body), "A handle leaves once.");

    internal static void Require(bool holds, string rule)
    {
        if (!holds)
            throw new InvalidOperationException(rule);
    }
}
