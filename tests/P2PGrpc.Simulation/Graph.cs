namespace P2PGrpc.Simulation;

/// <summary>The edges of a topology: who dials whom.</summary>
internal static class Graph
{
    /// <summary>Links of each node in a partial view, on average.</summary>
    public const int ViewSize = 6;

    public static IEnumerable<(int Dialler, int Served)> Draw(Topology topology, int nodes, Random random) => topology switch
    {
        Topology.Ring => Enumerable.Range(0, nodes).Select(one => (one, (one + 1) % nodes)),
        Topology.Star => Enumerable.Range(1, nodes - 1).Select(one => (one, 0)),
        Topology.PartialView => DrawPartialView(nodes, random),
        _ => DrawPairs(nodes).Where(pair => topology != Topology.Random || pair.Other == pair.One - 1 || random.Next(2) == 0),
    };

    /// <summary>All pairs. The chain through all nodes, which a random graph keeps whole, is those with the number before.</summary>
    private static IEnumerable<(int One, int Other)> DrawPairs(int nodes) =>
        Enumerable.Range(0, nodes).SelectMany(one => Enumerable.Range(0, one), (one, other) => (one, other));

    /// <summary>Several rings through all nodes, each in an order of its own: connected, and with a small diameter.</summary>
    private static HashSet<(int, int)> DrawPartialView(int nodes, Random random)
    {
        var edges = new HashSet<(int, int)>();
        for (var ring = 0; ring < ViewSize / 2; ring++)
        {
            var order = Enumerable.Range(0, nodes).ToArray();
            random.Shuffle(order);
            for (var place = 0; place < nodes; place++)
            {
                var (one, other) = (order[place], order[(place + 1) % nodes]);
                if (one != other && !edges.Contains((other, one)))
                    edges.Add((one, other));
            }
        }

        return edges;
    }
}
