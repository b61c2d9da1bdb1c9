using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Peers;

/// <summary>The strangers that knocked last, in memory only: a stranger can't make this node store anything. Thread-safe.</summary>
internal sealed class Knocks(TimeProvider time)
{
    /// <summary>More strangers than an owner would look through. Of the host that most of them knock from, the oldest gives way: many identities from
    /// one place don't push out who knocks from another.</summary>
    private const int Capacity = 64;

    private readonly Lock gate = new();
    private readonly LinkedList<Knock> newestFirst = new();

    /// <summary>True if the owner is to be told now: once of each stranger in the list, when it has knocked for so long and the rate allows it.</summary>
    public bool Add(Knock knock, TimeSpan patience, AnnouncementRate rate)
    {
        lock (gate)
        {
            var (at, isTold) = Take(knock.PeerId)?.First ?? (time.GetTimestamp(), false);
            var isDue = !isTold && time.GetElapsedTime(at) >= patience && rate.TryTake();
            newestFirst.AddFirst(knock with { First = (at, isTold || isDue) });
            if (newestFirst.Count > Capacity)
                RemoveOldestOfMost();
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

    private void RemoveOldestOfMost()
    {
        var crowd = newestFirst.GroupBy(knock => knock.Host).Reverse().MaxBy(knocks => knocks.Count());
        newestFirst.Remove(crowd!.Last());
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
