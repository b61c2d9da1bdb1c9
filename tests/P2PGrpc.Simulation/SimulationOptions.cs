namespace P2PGrpc.Simulation;

/// <summary>What one run does, drawn from its seed.</summary>
internal sealed record SimulationOptions
{
    /// <summary>What a segment weighs beside its body, at most: a header and an opening.</summary>
    public const int Overhead = 330;

    public required int Seed { get; init; }

    public required int Nodes { get; init; }

    public required Topology Topology { get; init; }

    /// <summary>True: all share one conversation. False: a direct conversation for each pair.</summary>
    public bool Room => Topology != Topology.Pairs;

    public required int Messages { get; init; }

    public required int LargestBody { get; init; }

    public required TimeSpan SendEvery { get; init; }

    public required TimeSpan LatestLatency { get; init; }

    public required TimeSpan SlowestCommit { get; init; }

    public required long LinkCredit { get; init; }

    public required long CreditBudget { get; init; }

    public required FaultRates Faults { get; init; }

    /// <summary>True: the last member but one has a twin, which gets a copy of its data directory in the midst of the run and goes on in the same log: the two sign
    /// different segments at one place, and each gives its own to its neighbours.</summary>
    public bool HasTwin { get; init; }

    /// <summary>Members that write as fast as they can.</summary>
    public int Flooders { get; init; }

    /// <summary>What is taken of each author in a minute, where some flood.</summary>
    public long? AuthorRate { get; init; }

    /// <summary>What is held of each author.</summary>
    public long? AuthorBytes { get; init; }

    /// <summary>The mean time between changes of who is linked with whom; null: it stays as it is.</summary>
    public TimeSpan? RewireEvery { get; init; }

    /// <summary>How likely each connection is to break within any second, with all that is under way on it.</summary>
    public double Loss { get; init; }

    /// <summary>Members that start in the midst of the run.</summary>
    public int Late { get; init; }

    /// <summary>Who is linked with whom, one after the other at equal times; members start when they have a link. Null: drawn by the topology.</summary>
    public IReadOnlyList<IReadOnlyList<(int Dialler, int Served)>>? Graphs { get; init; }

    /// <summary>True if bodies that were on their way may have to travel again.</summary>
    public bool IsTroubled => Faults.Any || RewireEvery is not null || Loss > 0 || Graphs?.Count > 1;

    /// <summary>True if the budget has no full window for each link, so that they have to take turns.</summary>
    public bool IsScarce => CreditBudget < LinkCredit * (Nodes - 1);

    /// <summary>How many members, the last ones, do what no member should.</summary>
    public int Hostile => Flooders + (HasTwin ? 2 : 0);

    public static SimulationOptions Draw(int seed)
    {
        var random = new Random(seed);
        var nodes = random.Next(3, 8);
        var largestBody = random.Next(4) == 0 ? 20_000 : 400;
        var largest = largestBody + Overhead;
        var credit = random.Next(3) == 0 ? largest : random.Next(1, 40) * largest;
        return new SimulationOptions
        {
            Seed = seed,
            Nodes = nodes,
            Topology = random.Next(3) == 0 ? Topology.Random : Topology.Pairs,
            Messages = random.Next(10, 150),
            LargestBody = largestBody,
            SendEvery = TimeSpan.FromMilliseconds(random.Next(1, 200)),
            LatestLatency = TimeSpan.FromMilliseconds(random.Next(3) == 0 ? random.Next(1, 800) : random.Next(1, 60)),
            SlowestCommit = TimeSpan.FromMilliseconds(random.Next(3) == 0 ? random.Next(1, 2000) : random.Next(1, 20)),
            LinkCredit = credit,
            CreditBudget = DrawBudget(seed, credit, largest, nodes),
            Faults = FaultRates.Draw(random),
        };
    }

    /// <summary>The same with a full window for each link.</summary>
    public SimulationOptions WithoutScarcity() => this with { CreditBudget = LinkCredit * (Nodes - 1) };

    /// <summary>In a third of the runs a few segments are all that may be on their way to a node.</summary>
    public static long DrawBudget(int seed, long credit, long largest, int nodes)
    {
        var random = new Random(seed ^ 0xC4ED17);
        return random.Next(3) == 0 ? Math.Max(credit / 2, largest * random.Next(2, 8)) : credit * (nodes - 1);
    }
}
