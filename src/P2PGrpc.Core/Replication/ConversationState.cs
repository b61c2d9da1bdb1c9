using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>What the replicator keeps of a conversation: its logs, who shares it, and what of it the owner wants.</summary>
internal sealed class ConversationState(ConversationId id)
{
    private readonly HashSet<PeerId> unwantedAuthors = [];
    private readonly Dictionary<PeerId, int> held = [];
    private bool unwanted;

    public ConversationId Id { get; } = id;

    /// <summary>True while pages of heads are being asked for.</summary>
    public bool Loading { get; set; }

    /// <summary>True once all heads that lay on disk are known. Before, an unknown log may well be held.</summary>
    public bool Loaded { get; set; }

    public Dictionary<LogId, LogState> Logs { get; } = [];

    /// <summary>The links on which it is shared, in the order in which they came.</summary>
    public List<LinkState> Links { get; } = [];

    /// <summary>Since when some link has shared it without a break.</summary>
    public TimeSpan LinkedSince { get; set; }

    /// <summary>Authors of whom a log was turned away because they have too many; null for a log that was because the conversation has.</summary>
    public HashSet<PeerId?> OverQuota { get; } = [];

    /// <summary>How many logs hold something here.</summary>
    public int Held { get; private set; }

    /// <summary>How many logs of an author hold something here.</summary>
    public int GetHeld(PeerId author) => held.GetValueOrDefault(author);

    public void CountHeld(PeerId author, int change)
    {
        Held += change;
        if (GetHeld(author) + change is var count and > 0)
            held[author] = count;
        else
            held.Remove(author);
    }

    public void SetInterest(PeerId? author, bool wanted)
    {
        if (author is not { } one)
            unwanted = !wanted;
        else if (wanted)
            unwantedAuthors.Remove(one);
        else
            unwantedAuthors.Add(one);
    }

    public bool Wants(PeerId author) => !unwanted && !unwantedAuthors.Contains(author);
}
