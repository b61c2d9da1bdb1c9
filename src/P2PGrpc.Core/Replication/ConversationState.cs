using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>What the replicator keeps of a conversation: its logs, who shares it, and what of it the owner wants. Its deadline is another attempt to read its heads.</summary>
/// <param name="id">Its id.</param>
/// <param name="unwantedEverywhere">Authors of whom the owner wants nothing in any conversation.</param>
internal sealed class ConversationState(ConversationId id, IReadOnlySet<PeerId> unwantedEverywhere) : Timed
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

    /// <summary>Proofs of forks that came before it was known what is held, and the links that showed them.</summary>
    public List<(LinkState Link, SegmentHeader First, SegmentHeader Second)> HeldProofs { get; } = [];

    /// <summary>Whether its bytes are bounded.</summary>
    public QuotaScope Scope { get; set; }

    /// <summary>What counts all others' bytes, where they are bounded.</summary>
    public ByteMeter? Whole { get; set; }

    /// <summary>What counts each author's bytes: one for each of whom anything was taken.</summary>
    public Dictionary<PeerId, ByteMeter> Meters { get; } = [];

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

    /// <summary>False if nothing changes.</summary>
    public bool SetInterest(PeerId? author, bool wanted)
    {
        if (author is { } one)
            return wanted ? unwantedAuthors.Remove(one) : unwantedAuthors.Add(one);
        var changes = unwanted == wanted;
        unwanted = !wanted;
        return changes;
    }

    public bool Wants(PeerId author) => !unwanted && !unwantedAuthors.Contains(author) && !unwantedEverywhere.Contains(author);
}
