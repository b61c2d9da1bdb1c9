using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>What a run cost.</summary>
internal sealed class RunCounts
{
    public int SegmentsSent { get; set; }

    public int SegmentsReceived { get; set; }

    /// <summary>Segments sent of authors who are not honest.</summary>
    public int HostileSegmentsSent { get; set; }

    /// <summary>Segments of such authors that members took from others.</summary>
    public int HostileSegmentsTaken { get; set; }

    public int ForkProofs { get; set; }

    /// <summary>Logs that are frozen at all honest members.</summary>
    public int Frozen { get; set; }

    /// <summary>The most that a replicator kept at one time, of whatever it was.</summary>
    public int MostKept { get; set; }

    /// <summary>The most bytes that a replicator took at the end.</summary>
    public long MostBytes { get; set; }

    /// <summary>Segments that were stored without their bodies, because those who were asked had erased them.</summary>
    public int HeadersAlone { get; set; }

    /// <summary>Segments that each member needed, its own left out.</summary>
    public int SegmentsNeeded { get; set; }

    /// <summary>The most nodes that a segment came through on its way from its author.</summary>
    public int MostHops { get; set; }

    /// <summary>How often somebody told another something; in how many moments of a link; and the most tells in one of these.</summary>
    public int Tells { get; set; }

    public int TellMoments { get; set; }

    public int MostTells { get; set; }

    public SortedDictionary<FaultKind, int> Faults { get; } = [];
}

/// <summary>One simulated run: nodes whose clients send at random while things go wrong, then a time to heal, then the checks.</summary>
internal sealed class SimulationRun
{
    /// <summary>When a connection that has gone mute is found out at the latest.</summary>
    public static readonly TimeSpan LongestKeepAlive = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan LossEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>A conversation has at most this many clients on each of its nodes: one that repeats, one that gives up.</summary>
    private const int ClientsEach = 2;

    /// <summary>The clients of a node that floods, and what each of them sends: some 300 KB at once.</summary>
    private const int FloodingClients = 10;
    private const int FloodedMessages = 50;

    /// <summary>How many nodes have their memory weighed: the first, which is in the middle of a star, and some others.</summary>
    private const int WeighedNodes = 3;

    private readonly FinalChecks checks;
    private ulong lastEpoch;
    private ulong lastInstance;

    public SimulationRun(SimulationOptions options)
    {
        Options = options;
        Random = new Random(options.Seed ^ 0x5EED);
        var largest = options.LargestBody + SimulationOptions.Overhead;
        Limits = new ReplicatorLimits
        {
            LinkCredit = options.LinkCredit,
            CreditBudget = options.CreditBudget,
            FirstCredit = Math.Max(largest, options.LinkCredit / 2),
            LeastCredit = largest,
            LoadWeight = Math.Max(largest, 4000),
            HaveItems = 3,
            LoadsPerLink = 3,
            AuthorRate = options.AuthorRate,
            AuthorBytes = options.AuthorBytes,
            AllRate = options.AuthorRate * options.Nodes,
            AllBytes = null,
            QuotaBurst = TimeSpan.FromSeconds(2),
            QuotaPause = TimeSpan.FromMilliseconds(500),
        };
        Nodes = Enumerable.Range(0, options.Nodes).Select(CreateNode).ToArray();
        Network = new Network(this);
        Clients = Network.Conversations().SelectMany(CreateClients).ToArray();
        checks = new FinalChecks(this);
    }

    public SimulationOptions Options { get; }

    public ReplicatorLimits Limits { get; }

    public Random Random { get; }

    public Schedule Schedule { get; } = new();

    public RunCounts Counts { get; } = new();

    public Ledger Ledger { get; } = new();

    public IReadOnlyList<VirtualNode> Nodes { get; }

    /// <summary>The nodes that keep to the rules. Of the others nothing is promised.</summary>
    public IEnumerable<VirtualNode> Honest => Nodes.Where(node => !node.IsHostile);

    public bool IsHostile(PeerId author) => Options.Hostile > 0 && Nodes.Any(node => node.IsHostile && node.PeerId == author);

    /// <summary>The logs that were begun so far.</summary>
    public ulong LogsBegun => lastEpoch;

    public IReadOnlyList<VirtualClient> Clients { get; }

    public Network Network { get; }

    public void Run()
    {
        var end = Options.SendEvery * Options.Messages;
        var late = Random.GetItems(Honest.Skip(1).ToArray(), Options.Late).ToHashSet();
        foreach (var node in Nodes.Where(node => !node.IsTwin && !late.Contains(node) && (Options.Graphs is null || Network.HasNeighbours(node))))
            node.Start();
        Network.DialAll();
        foreach (var node in late)
            Schedule.At(end * Random.NextDouble(), () => Enter(node));
        PlanChanges(end);
        for (var message = 0; message < Options.Messages; message++)
            Schedule.At(end * Random.NextDouble(), SendSomewhere);
        foreach (var node in Nodes.Where(node => node.IsFlooder))
            Schedule.At(end * Random.NextDouble() / 2, () => Flood(node));
        if (Options.HasTwin)
            Schedule.At(end * (0.1 + 0.8 * Random.NextDouble()), Split);
        var faults = new FaultInjector(this);
        faults.Plan(end);
        Schedule.RunThrough(end);
        faults.Heal();
        Converge();
        checks.Check();
        foreach (var node in Nodes.Take(WeighedNodes))
            node.Weigh();
    }

    /// <summary>L1. What is missing comes as fast as it can be stored: it never takes long until something more of it is on a disk.</summary>
    private void Converge()
    {
        var limit = LongestPause();
        var end = Schedule.Now + LongestTime();
        var (stored, since) = (Stored(), Schedule.Now);
        while (checks.FindDifference() is not null && Schedule.Now < since + limit && Schedule.Now < end)
        {
            // Whoever reads finds what is damaged.
            foreach (var node in Nodes)
                node.ReadFeed();
            Schedule.RunThrough(Schedule.Now + CheckEvery);
            if (Stored() is var now && now != stored)
                (stored, since) = (now, Schedule.Now);
        }
    }

    private (ulong Entries, int Damaged) Stored() => (
        Honest.Aggregate(0ul, (sum, node) => sum + node.Disk.LastPosition), Nodes.Sum(node => node.Disk.Feed.Count(segment => segment.Damaged)));

    public ulong NextEpoch() => ++lastEpoch;

    public ulong NextInstance() => ++lastInstance;

    /// <summary>The last nodes are the hostile ones: those that flood, then one that forks and its twin.</summary>
    private VirtualNode CreateNode(int index)
    {
        var fromEnd = Options.Nodes - index;
        var (isTwin, forks) = (Options.HasTwin && fromEnd == 1, Options.HasTwin && fromEnd <= 2);
        return new VirtualNode(this, index, SimulationKeys.All[isTwin ? index - 1 : index])
        {
            IsHostile = fromEnd <= Options.Hostile,
            IsTwin = isTwin,
            IsFlooder = fromEnd <= Options.Hostile && !forks,
        };
    }

    /// <summary>The twin begins where the other one is, and both have something to say.</summary>
    private void Split()
    {
        var (original, twin) = (Nodes[^2], Nodes[^1]);
        twin.StartAsTwinOf(original);
        Network.DialAll(twin);
        foreach (var client in Clients.Where(client => client.Node == twin || client.Node == original))
            client.Send(Random.Next(60));
    }

    private void Flood(VirtualNode node)
    {
        foreach (var client in Clients.Where(client => client.Node == node))
        {
            for (var message = 0; message < FloodedMessages; message++)
                client.Send(Options.LargestBody - 80);
        }
    }

    private IEnumerable<VirtualClient> CreateClients((ConversationId Conversation, List<VirtualNode> Members) shared) =>
        from member in shared.Members
        from number in Enumerable.Range(0, member.IsFlooder ? FloodingClients : ClientsEach)
        select new VirtualClient(
            this, member, shared.Conversation, $"{member.Index}>{shared.Conversation.Value.Prefix:x}#{number}", repeats: number == 0);

    /// <summary>Who is linked with whom changes, and connections break.</summary>
    private void PlanChanges(TimeSpan end)
    {
        if (Options.RewireEvery is { } mean)
        {
            for (var time = mean; time < end; time += mean * (0.5 + Random.NextDouble()))
                Schedule.At(time, Network.Rewire);
        }

        if (Options.Loss > 0)
        {
            for (var time = LossEvery; time < end; time += LossEvery)
                Schedule.At(time, () => Network.BreakSome(Options.Loss));
        }

        for (var number = 1; number < Options.Graphs?.Count; number++)
        {
            var graph = Options.Graphs[number];
            Schedule.At(end * number / Options.Graphs.Count, () =>
            {
                Network.Become(graph);
                foreach (var node in Nodes.Where(node => !node.Up && Network.HasNeighbours(node)))
                    Enter(node);
            });
        }
    }

    private void Enter(VirtualNode node)
    {
        if (node.Up)
            return;
        node.Start();
        Network.DialAll(node);
    }

    private void SendSomewhere() =>
        Clients[Random.Next(Clients.Count)].Send(Random.Next(0, Random.Next(4) == 0 ? Options.LargestBody - 80 : 60));

    /// <summary>Ten seconds, the longest pause, and what the backlog takes where each segment waits for the one before (L1).</summary>
    private TimeSpan LongestTime() => TimeSpan.FromSeconds(10) + LongestPause() + Limits.RepairTime * Options.Nodes
        + (Options.LatestLatency * 3 + Options.SlowestCommit * 2 + TimeSpan.FromMilliseconds(20)) * (Ledger.Accepted + 10) * Options.Nodes;

    /// <summary>Five seconds (L1) with commits and round trips as slow as they are here, the time in which a mute connection is found out, and that in which
    /// damage is reported again and another neighbour is asked for a repair.</summary>
    private TimeSpan LongestPause() => TimeSpan.FromSeconds(5) + Options.LatestLatency * 6 + Options.SlowestCommit * 4 + LongestKeepAlive
        + (Options.AuthorRate is null ? TimeSpan.Zero : Limits.QuotaBurst * 2 + Limits.QuotaPause)
        + (Options.Faults[FaultKind.Damage] is null ? TimeSpan.Zero : VirtualNode.DamagePause + Limits.RepairTime)
        + (Options.Faults[FaultKind.Erase] is null ? TimeSpan.Zero : Limits.ErasedPatience);
}
