using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>Who connects to whom, what they share, and the connections there are.</summary>
internal sealed class Network
{
    private readonly SimulationRun run;
    private readonly List<(VirtualNode Dialler, VirtualNode Served)> edges = [];
    private readonly List<(VirtualNode Dialler, VirtualNode Served, VirtualLink Link)> connections = [];
    private readonly Dictionary<(int, int), TimeSpan> partitions = [];
    private readonly ConversationId room;
    private bool healed;
    private long nextLink;

    public Network(SimulationRun run)
    {
        this.run = run;
        room = ConversationId.Direct(run.Nodes[0].PeerId, run.Nodes[0].PeerId);
        for (var one = 0; one < run.Nodes.Count; one++)
        {
            for (var other = 0; other < one; other++)
            {
                // The chain through all nodes keeps a room's graph connected.
                if (!run.Options.Room || other == one - 1 || run.Random.Next(2) == 0)
                    edges.Add((run.Nodes[one], run.Nodes[other]));
            }
        }
    }

    public (ConversationId Conversation, IReadOnlySet<PeerId>? Authors) SharedBy(VirtualNode one, VirtualNode other) => run.Options.Room
        ? (room, null)
        : (ConversationId.Direct(one.PeerId, other.PeerId), new HashSet<PeerId> { one.PeerId, other.PeerId });

    /// <summary>All conversations, each with its members.</summary>
    public IEnumerable<(ConversationId Conversation, List<VirtualNode> Members)> Conversations() => edges
        .GroupBy(edge => SharedBy(edge.Dialler, edge.Served).Conversation)
        .Select(group => (group.Key, group.SelectMany(edge => new[] { edge.Dialler, edge.Served }).Distinct().ToList()));

    public bool AreNeighbours(VirtualNode one, VirtualNode other) => edges.Contains((one, other)) || edges.Contains((other, one));

    public void DialAll()
    {
        foreach (var (dialler, served) in edges)
            run.Schedule.After(TimeSpan.FromMilliseconds(run.Random.Next(1, 100)), () => Dial(dialler, served));
    }

    public void OnLinkDown(VirtualNode node, VirtualNode peer)
    {
        foreach (var (dialler, served) in edges)
        {
            if ((dialler == node && served == peer) || (dialler == peer && served == node))
                run.Schedule.After(TimeSpan.FromMilliseconds(run.Random.Next(1, 300)), () => Dial(dialler, served));
        }
    }

    public void BreakAll(VirtualNode node)
    {
        foreach (var connection in connections.Where(connection => connection.Dialler == node || connection.Served == node).ToList())
            connection.Link.Break();
    }

    /// <summary>A connection that stands, and one of its ends; null if there is none.</summary>
    public (VirtualLink Link, VirtualNode Side)? Pick()
    {
        connections.RemoveAll(connection => connection.Link.Broken);
        if (connections.Count == 0)
            return null;
        var (dialler, served, link) = connections[run.Random.Next(connections.Count)];
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
        foreach (var connection in connections.Where(connection => connection.Dialler == dialler && connection.Served == served).ToList())
            connection.Link.Break();
    }

    public void Heal()
    {
        healed = true;
        DialAll();
    }

    private bool IsCut(VirtualNode dialler, VirtualNode served) =>
        !healed && partitions.TryGetValue((dialler.Index, served.Index), out var until) && until > run.Schedule.Now;

    private void Dial(VirtualNode dialler, VirtualNode served)
    {
        connections.RemoveAll(connection => connection.Link.Broken);
        if (!dialler.Up || !served.Up || connections.Exists(connection => connection.Dialler == dialler && connection.Served == served))
            return;
        if (IsCut(dialler, served))
            run.Schedule.At(partitions[(dialler.Index, served.Index)], () => Dial(dialler, served));
        else
            Connect(dialler, served);
    }

    private void Connect(VirtualNode dialler, VirtualNode served)
    {
        var link = new VirtualLink(run.Schedule, run.Random, run.Options.LatestLatency, new LinkId(++nextLink), dialler, served);
        connections.Add((dialler, served, link));
        link.Open();
    }
}
