using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Peers;

/// <summary>A stranger that asked to come in.</summary>
internal sealed record Knock(PeerId PeerId, string SuggestedName, string Address)
{
    /// <summary>When it knocked first, and whether the owner was told.</summary>
    public (long At, bool IsTold) First { get; init; }
}

/// <summary>The strangers that knocked last, in memory only: a stranger can't make this node store anything. Thread-safe.</summary>
internal sealed class Knocks(TimeProvider time)
{
    /// <summary>More strangers than an owner would look through; the oldest gives way.</summary>
    private const int Capacity = 64;

    private readonly Lock gate = new();
    private readonly LinkedList<Knock> newestFirst = new();

    /// <summary>True if the owner is to be told now: once of each stranger in the list, when it has knocked for so long.</summary>
    public bool Add(Knock knock, TimeSpan patience)
    {
        lock (gate)
        {
            var (at, isTold) = Take(knock.PeerId)?.First ?? (time.GetTimestamp(), false);
            var isDue = !isTold && time.GetElapsedTime(at) >= patience;
            newestFirst.AddFirst(knock with { First = (at, isTold || isDue) });
            if (newestFirst.Count > Capacity)
                newestFirst.RemoveLast();
            return isDue;
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
