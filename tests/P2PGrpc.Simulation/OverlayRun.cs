using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Overlay;

namespace P2PGrpc.Simulation;

/// <summary>A room's members that find each other, in steps of one second of virtual time. Links take a second to come up, word takes a second, a dial that nobody
/// answers takes some, and a record is believed once its address was dialled.</summary>
internal sealed class OverlayRun
{
    /// <summary>Links that a node takes from members.</summary>
    private const int MostLinks = 128;

    /// <summary>Steps in which a link whose other end has failed is noticed.</summary>
    private const int DeadAfter = 10;

    private readonly Random random;
    private readonly Dictionary<PeerId, int> numbers = [];
    private readonly List<OverlayOutput> outputs = [];
    private readonly SortedDictionary<int, List<Action>> due = [];
    private readonly OverlayLimits limits = new();
    private int links;
    private Func<int, int, bool> isCut = (_, _) => false;

    public OverlayRun(int seed) => random = new Random(seed);

    public List<OverlayNode> Nodes { get; } = [];

    public int Now { get; private set; }

    public long Told { get; private set; }

    public long Drops { get; private set; }

    public long LinksMade => links;

    /// <summary>Who is linked with whom.</summary>
    public IReadOnlyList<(int Dialler, int Served)> Edges() =>
        [.. Up.SelectMany(node => node.Links.Keys.Where(other => other < node.Number && Nodes[other].IsUp).Select(other => (node.Number, other)))];

    public IEnumerable<OverlayNode> Up => Nodes.Where(node => node.IsUp);

    /// <summary>A member enters by the ticket of another; the first one makes the room.</summary>
    public OverlayNode Join(int? ticketOf, bool canBeDialled = true)
    {
        var number = Nodes.Count;
        var peer = SimulationKeys.All[number].PeerId;
        var node = new OverlayNode(number, peer, new PartialView(peer, limits, (ulong)random.NextInt64())) { CanBeDialled = canBeDialled };
        Nodes.Add(node);
        numbers[peer] = number;
        if (ticketOf is { } other)
            Handle(node, new OverlayInput.Known(Nodes[other].Peer, HasRecord: false));
        return node;
    }

    public void Configure(int one, int other)
    {
        foreach (var (node, peer) in new[] { (one, other), (other, one) })
        {
            Nodes[node].Configured.Add(peer);
            Nodes[node].Dialled[peer] = Now;
            Handle(Nodes[node], new OverlayInput.Configured(Nodes[peer].Peer, On: true));
        }
    }

    /// <summary>The network between those for whom the rule holds carries nothing any more; null heals it.</summary>
    public void Cut(Func<int, int, bool>? rule)
    {
        isCut = rule ?? ((_, _) => false);
        foreach (var node in Nodes)
            foreach (var other in node.Links.Keys.Where(other => isCut(node.Number, other)).ToList())
                EndLater(node, other);
    }

    public void Fail(OverlayNode node)
    {
        node.IsUp = false;
        foreach (var other in node.Links.Keys.ToList())
            EndLater(Nodes[other], node.Number);
        node.Links.Clear();
    }

    public void Run(int seconds)
    {
        for (var end = Now + seconds; Now < end;)
        {
            Now++;
            if (due.Remove(Now, out var actions))
                foreach (var action in actions)
                    action();
            foreach (var node in Up)
                Step(node);
        }
    }

    /// <summary>Runs until the condition holds, so long at most.</summary>
    /// <returns>The seconds that it took.</returns>
    public int RunUntil(Func<bool> condition, int seconds, string what)
    {
        for (var began = Now; ; Run(1))
        {
            if (condition())
                return Now - began;
            SimulationFault.Check(Now - began < seconds, $"after {seconds} s it is not so that {what}: {Describe()}");
        }
    }

    /// <summary>How far it is from one member to each that it reaches, over links.</summary>
    public IReadOnlyList<int> Distances(OverlayNode from)
    {
        var distances = new Dictionary<int, int> { [from.Number] = 0 };
        var next = new Queue<int>([from.Number]);
        while (next.TryDequeue(out var at))
            foreach (var other in Nodes[at].Links.Keys)
                if (Nodes[other].IsUp && distances.TryAdd(other, distances[at] + 1))
                    next.Enqueue(other);
        return [.. distances.Values];
    }

    public bool IsConnected() => Distances(Up.First()).Count == Up.Count();

    public bool IsFullMesh() => Up.All(node => node.Links.Keys.Count(other => Nodes[other].IsUp) == Up.Count() - 1);

    public string Describe() => $"{Up.Count()} up, degrees {string.Join(", ", Up.GroupBy(node => node.Links.Count).OrderBy(degree => degree.Key).Select(degree => $"{degree.Key}×{degree.Count()}"))}"
        + $", {Told} told, {Drops} dropped";

    private void Step(OverlayNode node)
    {
        Handle(node, new OverlayInput.Tick());
        if (node.Untested.TryDequeue(out var candidate))
            Test(node, Nodes[candidate]);
        foreach (var (other, at) in node.Dialled.ToList())
            if (at <= Now && !node.Links.ContainsKey(other))
                DialOnce(node, Nodes[other]);
    }

    /// <summary>A record is adopted once somebody with the right identity has answered at its address.</summary>
    private void Test(OverlayNode node, OverlayNode candidate)
    {
        if (!CanReach(node, candidate))
        {
            node.Tested.Remove(candidate.Number);
            return;
        }

        Handle(node, new OverlayInput.Known(candidate.Peer, HasRecord: true));
        Handle(node, new OverlayInput.News(candidate.Peer));
    }

    private bool CanReach(OverlayNode from, OverlayNode to) => to is { IsUp: true, CanBeDialled: true } && !isCut(from.Number, to.Number);

    private void DialOnce(OverlayNode node, OverlayNode other)
    {
        if (CanReach(node, other) && other.Links.Count < MostLinks)
        {
            node.Dialled[other.Number] = Now + 2;
            Later(1, () => Link(node, other));
            return;
        }

        var takes = random.Next(1, 10);
        node.Dialled[other.Number] = Now + takes;
        Later(takes, () => Handle(node, new OverlayInput.DialFailed(other.Peer)));
    }

    private void Link(OverlayNode node, OverlayNode other)
    {
        if (!node.IsUp || !CanReach(node, other) || node.Links.ContainsKey(other.Number))
            return;
        node.Links[other.Number] = other.Links[node.Number] = ++links;
        Handle(node, new OverlayInput.LinkUp(other.Peer));
        Handle(other, new OverlayInput.LinkUp(node.Peer));
    }

    /// <summary>One end notices that a link has ended.</summary>
    private void EndLater(OverlayNode node, int other)
    {
        // The other end may have noticed before.
        if (node.Links.TryGetValue(other, out var link))
            Later(random.Next(1, DeadAfter), () => End(node, other, link));
    }

    private void End(OverlayNode node, int other, int link)
    {
        if (node.Links.GetValueOrDefault(other) != link)
            return;
        node.Links.Remove(other);
        if (node.IsUp)
            Handle(node, new OverlayInput.LinkDown(Nodes[other].Peer));
    }

    private void Later(int seconds, Action action)
    {
        if (!due.TryGetValue(Now + seconds, out var actions))
            due[Now + seconds] = actions = [];
        actions.Add(action);
    }

    private void Handle(OverlayNode node, OverlayInput input)
    {
        var first = outputs.Count;
        node.View.Handle(TimeSpan.FromSeconds(Now), input, outputs);
        var all = outputs[first..];
        outputs.RemoveRange(first, all.Count);
        foreach (var output in all)
            CarryOut(node, output);
    }

    private void CarryOut(OverlayNode node, OverlayOutput output)
    {
        switch (output)
        {
            case OverlayOutput.Dial(var peer):
                node.Dialled.TryAdd(numbers[peer], Now);
                break;
            case OverlayOutput.StopDialling(var peer):
                SimulationFault.Check(!node.View.Neighbours.Contains(peer), "dialling ends of who is linked");
                if (!node.Configured.Contains(numbers[peer]))
                    node.Dialled.Remove(numbers[peer]);
                break;
            case OverlayOutput.Drop(var peer):
                SimulationFault.Check(!node.Configured.Contains(numbers[peer]), "a configured peer is dropped");
                Drops++;
                var link = node.Links[numbers[peer]];
                Later(1, () =>
                {
                    End(node, numbers[peer], link);
                    End(Nodes[numbers[peer]], node.Number, link);
                });
                break;
            case OverlayOutput.Tell(var to, var members):
                SimulationFault.Check(members.Count <= limits.Told, "more is told than a frame holds");
                Told += members.Count;
                var (neighbours, known) = (node.View.NeighbourCount, node.Claim?.Invoke(Now) ?? node.View.MemberCount);
                Later(1, () => Hear(Nodes[numbers[to]], node, members, neighbours, known));
                break;
        }
    }

    private void Hear(OverlayNode node, OverlayNode from, IReadOnlyList<PeerId> members, int neighbours, int known)
    {
        if (!node.IsUp || !node.Links.ContainsKey(from.Number))
            return;
        Handle(node, new OverlayInput.Heard(from.Peer, neighbours, known));
        foreach (var member in members)
            if (member != node.Peer && node.Tested.Add(numbers[member]))
                node.Untested.Enqueue(numbers[member]);
    }
}
