namespace P2PGrpc.Core.Replication;

/// <summary>What the links of one kind, guests or known peers, have of the budget, and which of them wait for some.</summary>
internal sealed class CreditShare
{
    /// <summary>Bytes that its links are charged with.</summary>
    public long Used { get; set; }

    /// <summary>Links that wait for credit, the longest waiting first; some of them may not wait any more.</summary>
    public Queue<LinkState> Waiting { get; } = [];

    /// <summary>Links that have credit in force, by when they were given some last.</summary>
    public LinkedList<LinkState> Holders { get; } = [];

    /// <summary>The link that waits longest; null if none does.</summary>
    public LinkState? FirstWaiting
    {
        get
        {
            while (Waiting.TryPeek(out var link))
            {
                if (link.AwaitsCredit && !link.Closing)
                    return link;
                Waiting.Dequeue();
            }

            return null;
        }
    }
}
