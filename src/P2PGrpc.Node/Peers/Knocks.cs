using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Peers;

/// <summary>A stranger that asked to come in.</summary>
internal sealed record Knock(PeerId PeerId, string SuggestedName, string Address);

/// <summary>The strangers that knocked last, in memory only: a stranger can't make this node store anything. Thread-safe.</summary>
internal sealed class Knocks
{
    /// <summary>More strangers than an owner would look through; the oldest gives way.</summary>
    private const int Capacity = 64;

    private readonly Lock gate = new();
    private readonly LinkedList<Knock> newestFirst = new();

    /// <summary>True if this stranger was not in the list yet.</summary>
    public bool Add(Knock knock)
    {
        lock (gate)
        {
            var known = Take(knock.PeerId);
            newestFirst.AddFirst(knock);
            if (newestFirst.Count > Capacity)
                newestFirst.RemoveLast();
            return known is null;
        }
    }

    public IReadOnlyList<Knock> List()
    {
        lock (gate)
            return [.. newestFirst];
    }

    public void Remove(PeerId peer)
    {
        lock (gate)
            Take(peer);
    }

    private Knock? Take(PeerId peer)
    {
        for (var node = newestFirst.First; node is not null; node = node.Next)
            if (node.Value.PeerId == peer)
            {
                newestFirst.Remove(node);
                return node.Value;
            }

        return null;
    }
}
