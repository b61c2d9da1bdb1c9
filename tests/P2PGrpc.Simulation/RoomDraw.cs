namespace P2PGrpc.Simulation;

/// <summary>Rooms of many members, drawn from seeds.</summary>
internal static class RoomDraw
{
    private static readonly Topology[] Shapes = [Topology.Mesh, Topology.Ring, Topology.Star, Topology.PartialView];

    /// <summary>Three seeds in a hundred are rooms of a hundred members (a partial view, a ring, a star), one in ten is of twenty to forty, the others of five to twelve.
    /// Half of the seeds have faults.</summary>
    public static SimulationOptions Draw(int seed)
    {
        var random = new Random(seed ^ 0x700D);
        var nodes = (seed % 100, seed % 10) switch { (7 or 57 or 82, _) => 100, (_, 3) => random.Next(20, 41), _ => random.Next(5, 13) };
        var shape = Shapes[seed % Shapes.Length];
        // All with all is for rooms of thirty at most: beyond that a node has a partial view.
        var calm = Create(seed, nodes, shape == Topology.Mesh && nodes > 30 ? Topology.PartialView : shape, random, hasFaults: random.Next(2) == 0);
        return AddChurn(AddHostile(calm, random), new Random(seed ^ 0xC4012));
    }

    /// <summary>In a third of the runs some begin late, in a third members change neighbours all the time, and in a sixth connections break with 5 % of likelihood in each
    /// second, with all that is under way on them.</summary>
    private static SimulationOptions AddChurn(SimulationOptions options, Random random) => options with
    {
        Late = random.Next(3) == 0 ? random.Next(1, 1 + Math.Max(1, (options.Nodes - options.Hostile) / 4)) : 0,
        RewireEvery = random.Next(3) == 0 ? TimeSpan.FromMilliseconds(random.Next(100, 2000)) : null,
        Loss = random.Next(6) == 0 ? 0.05 : 0,
    };

    /// <summary>In a third of the runs somebody forks, in a third somebody floods. Honest members stay below the quota of bytes; the rate delays some of them, too.</summary>
    private static SimulationOptions AddHostile(SimulationOptions options, Random random)
    {
        var hasTwin = random.Next(3) == 0;
        if (random.Next(3) > 0)
            return options with { HasTwin = hasTwin };
        return options with
        {
            HasTwin = hasTwin,
            Flooders = options.Nodes > 8 ? random.Next(1, 3) : 1,
            AuthorRate = random.Next(300, 1500) * 1000,
            AuthorBytes = random.Next(2) == 0 ? 150_000 : null,
        };
    }

    public static SimulationOptions Create(int seed, int nodes, Topology topology, Random random, bool hasFaults)
    {
        const int largestBody = 400;
        const int largest = largestBody + SimulationOptions.Overhead;
        var credit = random.Next(4, 40) * largest;
        return new SimulationOptions
        {
            Seed = seed,
            Nodes = nodes,
            Topology = topology,
            Messages = random.Next(20, 120),
            LargestBody = largestBody,
            SendEvery = TimeSpan.FromMilliseconds(random.Next(5, 200)),
            LatestLatency = TimeSpan.FromMilliseconds(random.Next(1, 60)),
            SlowestCommit = TimeSpan.FromMilliseconds(random.Next(1, 20)),
            LinkCredit = credit,
            CreditBudget = SimulationOptions.DrawBudget(seed, credit, largest, nodes),
            Faults = hasFaults ? FaultRates.Draw(random) : FaultRates.None,
        };
    }
}
