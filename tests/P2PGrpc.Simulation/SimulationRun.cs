using P2PGrpc.Checkers;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>What a run cost.</summary>
internal sealed class RunCounts
{
    public int SegmentsSent { get; set; }

    public int SegmentsReceived { get; set; }

    public int SegmentFrames { get; set; }

    public int Haves { get; set; }

    public int Wants { get; set; }

    public int Credits { get; set; }

    public int Refuses { get; set; }

    public int ForkProofs { get; set; }

    public int Released { get; set; }

    public int Outputs { get; set; }

    /// <summary>Breaks, crashes, partitions and full disks.</summary>
    public int Faults { get; set; }
}

/// <summary>One simulated run: nodes that append at random while things go wrong, then a time to heal, then the checks.</summary>
internal sealed class SimulationRun
{
    private readonly VirtualNode[] nodes;
    private readonly List<(VirtualNode Dialler, VirtualNode Served)> edges = [];
    private readonly Dictionary<(int, int), VirtualLink> connections = [];
    private readonly Dictionary<(int, int), TimeSpan> partitions = [];
    private readonly Dictionary<(LogId, ulong), Bytes32> signed = [];
    private readonly List<DiskSegment> accepted = [];
    private readonly ConversationId room;
    private bool faultsOver;
    private long nextLink;

    public SimulationRun(SimulationOptions options)
    {
        Options = options;
        Random = new Random(options.Seed ^ 0x5EED);
        Limits = new ReplicatorLimits
        {
            LinkCredit = options.LinkCredit,
            CreditBudget = options.CreditBudget,
            FirstCredit = Math.Max(options.LargestBody + SimulationOptions.Overhead, options.LinkCredit / 2),
            LoadWeight = Math.Max(options.LargestBody + SimulationOptions.Overhead, 4000),
            HaveItems = 3,
            LoadsPerLink = 3,
        };
        var keys = SimulationKeys.All;
        nodes = Enumerable.Range(0, options.Nodes).Select(index => new VirtualNode(this, index, keys[index])).ToArray();
        room = ConversationId.Direct(keys[0].PeerId, keys[0].PeerId);
        for (var one = 0; one < nodes.Length; one++)
        {
            for (var other = 0; other < one; other++)
            {
                // The chain through all nodes keeps a room's graph connected.
                if (!options.Room || other == one - 1 || Random.Next(2) == 0)
                    edges.Add((nodes[one], nodes[other]));
            }
        }
    }

    public SimulationOptions Options { get; }

    public ReplicatorLimits Limits { get; }

    public Random Random { get; }

    public Schedule Schedule { get; } = new();

    public RunCounts Counts { get; } = new();

    public IReadOnlyList<DiskSegment> Accepted => accepted;

    public void Run()
    {
        foreach (var node in nodes)
            node.Start();
        foreach (var (dialler, served) in edges)
            Dial(dialler, served);
        var end = Options.AppendEvery * Options.Appends;
        for (var append = 0; append < Options.Appends; append++)
            Schedule.At(Options.AppendEvery * Random.NextDouble() * Options.Appends, AppendSomewhere);
        Repeat(Options.BreakEvery, end, () => BreakLink());
        Repeat(Options.CrashEvery, end, () => CrashNode());
        Repeat(Options.PartitionEvery, end, () => CutPair());
        Repeat(Options.FullEvery, end, () => FillDisk());
        Schedule.RunThrough(end);
        Heal();
        var limit = Schedule.Now + Patience();
        while (!Converged() && Schedule.Now < limit)
            Schedule.RunThrough(Schedule.Now + TimeSpan.FromMilliseconds(500));
        Check();
    }

    public (ConversationId Conversation, IReadOnlySet<PeerId>? Authors) SharedBy(VirtualNode one, VirtualNode other) => Options.Room
        ? (room, null)
        : (ConversationId.Direct(one.PeerId, other.PeerId), new HashSet<PeerId> { one.PeerId, other.PeerId });

    public void NoteSigned(SegmentHeader header)
    {
        SimulationFault.Check(signed.TryAdd((header.LogId, header.FirstSequence), header.Hash), "S3: two segments were signed at one place.");
    }

    public void NoteAccepted(DiskSegment segment) => accepted.Add(segment);

    public void CheckHeld(PeerId peer, LogId log, Head head) => SimulationFault.Check(
        Find(peer).Disk.HeadOf(log).Sequence >= head.Sequence, "D2: acknowledged before it was on the peer's disk.");

    public void CheckHeard(VirtualNode node, VirtualNode peer, ulong position)
    {
        var (conversation, _) = SharedBy(node, peer);
        foreach (var segment in peer.Disk.Feed)
        {
            if (segment.LastPosition > position)
                break;
            SimulationFault.Check(
                segment.Header.Log.Conversation != conversation
                || node.Disk.HeadOf(segment.Header.LogId).Sequence >= segment.Header.LastSequence,
                $"Node {node.Index} called position {position} of node {peer.Index} heard and lacks {segment.LastPosition}.");
        }
    }

    public void OnLinkDown(VirtualNode node, VirtualNode peer)
    {
        foreach (var (dialler, served) in edges)
        {
            if ((dialler == node && served == peer) || (dialler == peer && served == node))
                Schedule.After(TimeSpan.FromMilliseconds(Random.Next(1, 300)), () => Dial(dialler, served));
        }
    }

    private VirtualNode Find(PeerId peer) => nodes.First(node => node.PeerId == peer);

    private void Dial(VirtualNode dialler, VirtualNode served)
    {
        var pair = (dialler.Index, served.Index);
        if (!dialler.Up || !served.Up || (connections.TryGetValue(pair, out var old) && !old.Broken))
            return;
        if (partitions.TryGetValue(pair, out var until) && until > Schedule.Now && !faultsOver)
        {
            Schedule.At(until, () => Dial(dialler, served));
            return;
        }

        var link = new VirtualLink(Schedule, Random, Options.LatestLatency, new LinkId(++nextLink), dialler, served);
        connections[pair] = link;
        link.Open();
    }

    private void AppendSomewhere()
    {
        var (one, other) = edges[Random.Next(edges.Count)];
        var author = Random.Next(2) == 0 ? one : other;
        var body = new byte[Random.Next(1, Options.LargestBody)];
        Random.NextBytes(body);
        if (author.Up)
            author.Append(SharedBy(one, other).Conversation, Random.Next(1, 6), body);
    }

    private void Repeat(TimeSpan? every, TimeSpan end, Action fault)
    {
        if (every is not { } mean)
            return;
        for (var time = Draw(); time < end; time += Draw())
            Schedule.At(time, () => Strike(fault));
        return;

        TimeSpan Draw() => mean * (Random.NextDouble() * 2) + TimeSpan.FromMilliseconds(1);
    }

    private void Strike(Action fault)
    {
        Counts.Faults++;
        fault();
    }

    private void BreakLink()
    {
        var live = connections.OrderBy(pair => pair.Key).Where(pair => !pair.Value.Broken).ToList();
        if (live.Count > 0)
            live[Random.Next(live.Count)].Value.Break();
    }

    private void CrashNode()
    {
        var node = nodes[Random.Next(nodes.Length)];
        if (!node.Up)
            return;
        foreach (var (_, link) in connections.Where(pair => pair.Key.Item1 == node.Index || pair.Key.Item2 == node.Index).OrderBy(pair => pair.Key))
            link.Break();
        node.Crash();
        Schedule.After(TimeSpan.FromMilliseconds(Random.Next(1, 2000)), () => Restart(node));
    }

    private void Restart(VirtualNode node)
    {
        if (node.Up)
            return;
        node.Start();
        DialAll();
    }

    private void DialAll()
    {
        foreach (var (dialler, served) in edges)
            Schedule.After(TimeSpan.FromMilliseconds(Random.Next(1, 100)), () => Dial(dialler, served));
    }

    private void CutPair()
    {
        var (dialler, served) = edges[Random.Next(edges.Count)];
        var pair = (dialler.Index, served.Index);
        partitions[pair] = Schedule.Now + TimeSpan.FromMilliseconds(Random.Next(1, 5000));
        if (connections.TryGetValue(pair, out var link))
            link.Break();
    }

    private void FillDisk()
    {
        var node = nodes[Random.Next(nodes.Length)];
        node.DiskFull = true;
        Schedule.After(TimeSpan.FromMilliseconds(Random.Next(1, 2500)), () => node.DiskFull = false);
    }

    private void Heal()
    {
        faultsOver = true;
        foreach (var node in nodes)
        {
            node.DiskFull = false;
            Restart(node);
        }

        DialAll();
    }

    /// <summary>Ten seconds, and what the backlog takes where each segment waits for the one before (L1).</summary>
    private TimeSpan Patience() => TimeSpan.FromSeconds(10)
        + (Options.LatestLatency * 3 + Options.SlowestCommit * 2 + TimeSpan.FromMilliseconds(20)) * (accepted.Count + 10) * Options.Nodes;

    private IEnumerable<(LogId Log, List<VirtualNode> Members)> LogsAndMembers()
    {
        foreach (var log in nodes.SelectMany(node => node.Disk.Logs).Distinct().OrderBy(log => log.Value))
        {
            var conversation = nodes.First(node => node.Disk.Read(log).Count > 0).Disk.Read(log)[0].Header.Log.Conversation;
            var members = edges
                .Where(edge => SharedBy(edge.Dialler, edge.Served).Conversation == conversation)
                .SelectMany(edge => new[] { edge.Dialler, edge.Served }).Distinct().ToList();
            yield return (log, members);
        }
    }

    private bool Converged() =>
        LogsAndMembers().All(log => log.Members.Select(member => member.Disk.HeadOf(log.Log)).Distinct().Count() == 1);

    private void Check()
    {
        SimulationFault.Check(Converged(), "L1: faults ended long ago, and not all members hold the same.");
        foreach (var (log, members) in LogsAndMembers())
            CheckCopies(log, members);
        foreach (var node in nodes)
        {
            SimulationFault.Check(node.Disk.Feed.Select(one => one.LastPosition).Distinct().Count() == node.Disk.Feed.Count, "A position was used twice.");
        }

        foreach (var segment in accepted)
        {
            foreach (var node in nodes.Where(node => node.Disk.Read(segment.Header.LogId).Count > 0))
                SimulationFault.Check(node.Disk.Read(segment.Header.LogId).Any(held => held.Header.Hash == segment.Header.Hash), "D1: an accepted segment is lost.");
            SimulationFault.Check(nodes.Any(node => node.Disk.Read(segment.Header.LogId).Count > 0), "D1: an accepted log is lost.");
        }

        CheckCost();
        SimulationFault.Check(Counts.ForkProofs == 0, "Nobody forked, and somebody was accused.");
    }

    /// <summary>Without faults each segment travels once to each member that is not its author; only in a room whose links are slower than the
    /// stall rule's patience may a change of pusher repeat some. With faults, what was under way travels again: at most a window for each fault and link.</summary>
    private void CheckCost()
    {
        var needed = nodes.Sum(node => node.Disk.Feed.Count(segment => segment.Header.Log.Author != node.PeerId));
        var repeated = Counts.SegmentsSent - needed;
        var window = (int)(Options.LinkCredit / LogLimits.HeaderWeight) + 1;
        var slow = Options.LatestLatency * 4 + Options.SlowestCommit * 2 > Limits.StallTime;
        var bound = Options.Faulty ? needed + Counts.Faults * window * Options.Nodes : Options.Room && slow ? needed : 0;
        SimulationFault.Check(repeated >= 0 && repeated <= bound, $"{repeated} segments travelled again, where {bound} may.");
    }

    /// <summary>K2. Signatures are checked as segments arrive (one in sixteen), because they cost the most.</summary>
    private static void CheckCopies(LogId log, List<VirtualNode> members)
    {
        var copies = members.Select(member => member.Disk.Read(log).Select(segment => (segment.Header, segment.Body)).ToList()).ToList();
        foreach (var copy in copies)
            Check(ChainChecker.Find(log, copy, signatures: false).Concat(ChainChecker.Compare(copies[0], copy)));
    }

    private static void Check(IEnumerable<string> faults)
    {
        if (faults.FirstOrDefault() is { } fault)
            throw new SimulationFault($"S1, S2: {fault}");
    }
}
