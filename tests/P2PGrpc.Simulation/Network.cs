using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>Who connects to whom, what they share, and the connections there are.</summary>
internal sealed class Network
{
    private readonly SimulationRun run;
    private readonly List<(VirtualNode Dialler, VirtualNode Served)> edges = [];
    private readonly HashSet<(VirtualNode, VirtualNode)> neighbours = [];
    private readonly Dictionary<VirtualNode, List<(VirtualNode Dialler, VirtualNode Served)>> byNode;
    private readonly Dictionary<(VirtualNode Dialler, VirtualNode Served), List<VirtualLink>> connections = [];
    private readonly Dictionary<(int, int), TimeSpan> partitions = [];
    private readonly ConversationId room;
    private List<(ConversationId Conversation, List<VirtualNode> Members)>? conversations;
    private bool healed;
    private long nextLink;

    public Network(SimulationRun run)
    {
        this.run = run;
        room = ConversationId.Direct(run.Nodes[0].PeerId, run.Nodes[0].PeerId);
        byNode = run.Nodes.ToDictionary(node => node, _ => new List<(VirtualNode, VirtualNode)>());
        foreach (var (dialler, served) in run.Options.Graphs?[0] ?? Graph.Draw(run.Options.Topology, run.Nodes.Count, run.Random))
            TryAdd(run.Nodes[dialler], run.Nodes[served]);

        // A small view may have drawn nobody but those who fork.
        if (run.Options.HasTwin && !IsConnected())
        {
            foreach (var (one, other) in run.Nodes.Zip(run.Nodes.Skip(1)))
                TryAdd(one, other);
        }
    }

    public (ConversationId Conversation, IReadOnlySet<PeerId>? Authors) SharedBy(VirtualNode one, VirtualNode other) => run.Options.Room
        ? (room, null)
        : (ConversationId.Direct(one.PeerId, other.PeerId), new HashSet<PeerId> { one.PeerId, other.PeerId });

    /// <summary>All conversations, each with its members.</summary>
    public IEnumerable<(ConversationId Conversation, List<VirtualNode> Members)> Conversations() => conversations ??= run.Options.Room ? [(room, [.. run.Nodes])] : [.. edges
        .GroupBy(edge => SharedBy(edge.Dialler, edge.Served).Conversation)
        .Select(group => (group.Key, group.SelectMany(edge => new[] { edge.Dialler, edge.Served }).Distinct().ToList()))];

    public bool AreNeighbours(VirtualNode one, VirtualNode other) => neighbours.Contains((one, other));

    /// <summary>True if the node is to have links.</summary>
    public bool HasNeighbours(VirtualNode node) => byNode[node].Count > 0;

    /// <summary>One member lets go of a neighbour, and two that were none link with each other. Nobody is cut off by it.</summary>
    public void Rewire()
    {
        var old = edges[run.Random.Next(edges.Count)];
        Remove(old);
        var isNeeded = !IsConnected() && TryAdd(old.Dialler, old.Served);
        var (one, other) = (run.Nodes[run.Random.Next(run.Nodes.Count)], run.Nodes[run.Random.Next(run.Nodes.Count)]);
        if (TryAdd(one, other))
            DialEach([(one, other)]);
        if (isNeeded)
            DialEach([old]);
    }

    /// <summary>Has just these links from now on.</summary>
    public void Become(IEnumerable<(int Dialler, int Served)> graph)
    {
        var wanted = graph.Select(edge => (run.Nodes[edge.Dialler], run.Nodes[edge.Served])).ToHashSet();
        foreach (var edge in edges.Where(edge => !wanted.Contains(edge) && !wanted.Contains((edge.Served, edge.Dialler))).ToList())
            Remove(edge);
        DialEach([.. wanted.Where(edge => TryAdd(edge.Item1, edge.Item2))]);
    }

    /// <summary>Each connection breaks with this likelihood.</summary>
    public void BreakSome(double likelihood)
    {
        foreach (var link in edges.SelectMany(Standing).Where(_ => run.Random.NextDouble() < likelihood).ToList())
            link.Break();
    }

    /// <summary>A node is not linked with one of its own identity.</summary>
    private bool TryAdd(VirtualNode dialler, VirtualNode served)
    {
        if (dialler.PeerId == served.PeerId || !neighbours.Add((dialler, served)))
            return false;
        neighbours.Add((served, dialler));
        edges.Add((dialler, served));
        byNode[dialler].Add((dialler, served));
        byNode[served].Add((dialler, served));
        return true;
    }

    private void Remove((VirtualNode Dialler, VirtualNode Served) edge)
    {
        edges.Remove(edge);
        neighbours.Remove(edge);
        neighbours.Remove((edge.Served, edge.Dialler));
        byNode[edge.Dialler].Remove(edge);
        byNode[edge.Served].Remove(edge);
        Break(edge);
    }

    /// <summary>True if all can reach each other without a twin, which comes late, and those that don't fork without those that do: who forks has no more of its own log than
    /// it wrote there itself, and gives nobody what its twin wrote.</summary>
    private bool IsConnected() => IsConnected(node => !node.IsTwin) && IsConnected(node => !node.Forks);

    private bool IsConnected(Func<VirtualNode, bool> carries)
    {
        var reached = new HashSet<VirtualNode> { run.Nodes[0] };
        var next = new Queue<VirtualNode>(reached);
        while (next.TryDequeue(out var at))
        {
            foreach (var (dialler, served) in byNode[at])
            {
                var other = dialler == at ? served : dialler;
                if (carries(other) && reached.Add(other))
                    next.Enqueue(other);
            }
        }

        return reached.Count == run.Nodes.Count(carries);
    }

    public void DialAll() => DialEach(edges);

    public void DialAll(VirtualNode node) => DialEach(byNode[node]);

    private void DialEach(IEnumerable<(VirtualNode Dialler, VirtualNode Served)> dialled)
    {
        foreach (var (dialler, served) in dialled)
            run.Schedule.After(TimeSpan.FromMilliseconds(run.Random.Next(1, 100)), () => Dial(dialler, served));
    }

    public void OnLinkDown(VirtualNode node, VirtualNode peer)
    {
        foreach (var (dialler, served) in byNode[node])
        {
            if (dialler == peer || served == peer)
                run.Schedule.After(TimeSpan.FromMilliseconds(run.Random.Next(1, 300)), () => Dial(dialler, served));
        }
    }

    public void BreakAll(VirtualNode node)
    {
        foreach (var edge in byNode[node])
            Break(edge);
    }

    /// <summary>A connection that stands, and one of its ends; null if there is none.</summary>
    public (VirtualLink Link, VirtualNode Side)? Pick()
    {
        var standing = edges.SelectMany(edge => Standing(edge).Select(link => (edge.Dialler, edge.Served, Link: link))).ToList();
        if (standing.Count == 0)
            return null;
        var (dialler, served, link) = standing[run.Random.Next(standing.Count)];
        return (link, run.Random.Next(2) == 0 ? dialler : served);
    }

    /// <summary>Connects two nodes, whether they are connected or not.</summary>
    public void DialAnother()
    {
        var (dialler, served) = edges[run.Random.Next(edges.Count)];
        if (dialler.Up && served.Up && !IsCut(dialler, served))
            Connect(dialler, served);
    }

    public void Cut(TimeSpan time)
    {
        var (dialler, served) = edges[run.Random.Next(edges.Count)];
        partitions[(dialler.Index, served.Index)] = run.Schedule.Now + time;
        Break((dialler, served));
    }

    public void Heal()
    {
        healed = true;
        DialAll();
    }

    private bool IsCut(VirtualNode dialler, VirtualNode served) =>
        !healed && partitions.TryGetValue((dialler.Index, served.Index), out var until) && until > run.Schedule.Now;

    private List<VirtualLink> Standing((VirtualNode Dialler, VirtualNode Served) edge)
    {
        if (!connections.TryGetValue(edge, out var links))
            connections.Add(edge, links = []);
        links.RemoveAll(link => link.Broken);
        return links;
    }

    private void Break((VirtualNode Dialler, VirtualNode Served) edge)
    {
        foreach (var link in Standing(edge).ToList())
            link.Break();
    }

    private void Dial(VirtualNode dialler, VirtualNode served)
    {
        if (!dialler.Up || !served.Up || !neighbours.Contains((dialler, served)) || Standing((dialler, served)).Count > 0)
            return;
        if (IsCut(dialler, served))
            run.Schedule.At(partitions[(dialler.Index, served.Index)], () => Dial(dialler, served));
        else
            Connect(dialler, served);
    }

    private void Connect(VirtualNode dialler, VirtualNode served)
    {
        var link = new VirtualLink(run.Schedule, run.Random, run.Options.LatestLatency, new LinkId(++nextLink), dialler, served);
        Standing((dialler, served)).Add(link);
        link.Open();
    }
}
