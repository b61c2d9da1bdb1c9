namespace P2PGrpc.Simulation;

/// <summary>What one run does, drawn from its seed.</summary>
internal sealed record SimulationOptions
{
    public required int Seed { get; init; }

    public required int Nodes { get; init; }

    /// <summary>True: all share one conversation, over a random connected graph. False: a direct conversation for each pair.</summary>
    public required bool Room { get; init; }

    public required int Appends { get; init; }

    public required int LargestBody { get; init; }

    public required TimeSpan AppendEvery { get; init; }

    public required TimeSpan LatestLatency { get; init; }

    public required TimeSpan SlowestCommit { get; init; }

    /// <summary>Mean time between faults of a kind; null for none of them.</summary>
    public required TimeSpan? BreakEvery { get; init; }

    public required TimeSpan? CrashEvery { get; init; }

    public required TimeSpan? PartitionEvery { get; init; }

    public required TimeSpan? FullEvery { get; init; }

    public required long LinkCredit { get; init; }

    public required long CreditBudget { get; init; }

    public bool Faulty => (BreakEvery ?? CrashEvery ?? PartitionEvery ?? FullEvery) is not null;

    /// <summary>What a segment weighs beside its body, at most: a header and an opening.</summary>
    public const int Overhead = 330;

    public static SimulationOptions Draw(int seed)
    {
        var random = new Random(seed);
        var faulty = random.Next(5) > 0;
        var nodes = random.Next(2, 6);
        var largestBody = random.Next(4) == 0 ? 20_000 : 200;
        var credit = random.Next(3) == 0 ? largestBody + Overhead : random.Next(1, 40) * (largestBody + Overhead);
        return new SimulationOptions
        {
            Seed = seed,
            Nodes = nodes,
            Room = random.Next(3) == 0,
            Appends = random.Next(5, 120),
            LargestBody = largestBody,
            AppendEvery = TimeSpan.FromMilliseconds(random.Next(1, 200)),
            LatestLatency = TimeSpan.FromMilliseconds(random.Next(1, 4) == 1 ? random.Next(1, 800) : random.Next(1, 60)),
            SlowestCommit = TimeSpan.FromMilliseconds(random.Next(1, 4) == 1 ? random.Next(1, 700) : random.Next(1, 20)),
            BreakEvery = DrawFault(random, faulty),
            CrashEvery = DrawFault(random, faulty),
            PartitionEvery = DrawFault(random, faulty),
            FullEvery = DrawFault(random, faulty),
            LinkCredit = credit,
            CreditBudget = credit * (nodes - 1),
        };
    }

    private static TimeSpan? DrawFault(Random random, bool faulty)
    {
        var often = TimeSpan.FromMilliseconds(random.Next(200, 4000));
        return faulty && random.Next(2) == 0 ? often : null;
    }
}
