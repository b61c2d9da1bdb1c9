using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>Who connects to whom, what they share, and the connections there are.</summary>
internal sealed class Network
{
    private readonly SimulationRun run;
    private readonly List<(VirtualNode Dialler, VirtualNode Served)> edges = [];
    private readonly HashSet<(VirtualNode, VirtualNode)> neighbours;
    private readonly ILookup<VirtualNode, (VirtualNode Dialler, VirtualNode Served)> byNode;
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
        edges.AddRange(Graph.Draw(run.Options.Topology, run.Nodes.Count, run.Random).Select(edge => (run.Nodes[edge.Dialler], run.Nodes[edge.Served]))
            // A node is not linked with one of its own identity.
            .Where(edge => edge.Item1.PeerId != edge.Item2.PeerId));
        neighbours = edges.SelectMany(edge => new[] { edge, (edge.Served, edge.Dialler) }).ToHashSet();
        byNode = edges.SelectMany(edge => new[] { (Node: edge.Dialler, Edge: edge), (Node: edge.Served, Edge: edge) }).ToLookup(pair => pair.Node, pair => pair.Edge);
    }

    public (ConversationId Conversation, IReadOnlySet<PeerId>? Authors) SharedBy(VirtualNode one, VirtualNode other) => run.Options.Room
        ? (room, null)
        : (ConversationId.Direct(one.PeerId, other.PeerId), new HashSet<PeerId> { one.PeerId, other.PeerId });

    /// <summary>All conversations, each with its members.</summary>
    public IEnumerable<(ConversationId Conversation, List<VirtualNode> Members)> Conversations() => conversations ??= [.. edges
        .GroupBy(edge => SharedBy(edge.Dialler, edge.Served).Conversation)
        .Select(group => (group.Key, group.SelectMany(edge => new[] { edge.Dialler, edge.Served }).Distinct().ToList()))];

    public bool AreNeighbours(VirtualNode one, VirtualNode other) => neighbours.Contains((one, other));

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
        if (!dialler.Up || !served.Up || Standing((dialler, served)).Count > 0)
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
