using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>What the replicator keeps of a link. Its deadline is that of lazy tells.</summary>
internal sealed class LinkState(ReplicatorInput.LinkUp up, ulong toldThrough) : Timed
{
    public LinkId Id { get; } = up.Link;

    public PeerId Peer { get; } = up.Peer;

    public bool IsGuest { get; } = up.IsGuest;

    public bool Down { get; set; }

    /// <summary>True once it is to be closed: at the end of the step it is forgotten, and until then it gets no credit.</summary>
    public bool Closing { get; set; }

    /// <summary>What is shared on it, and whose logs are taken there; null for anybody's.</summary>
    public Dictionary<ConversationState, IReadOnlySet<PeerId>?> Shared { get; } = [];

    public Dictionary<LogId, LinkedLog> Logs { get; } = [];

    /// <summary>How many logs the other side has named.</summary>
    public int Named { get; set; }

    /// <summary>True once the other side has said that it takes no more logs of this node; it is not listened to again about that.</summary>
    public bool ToldOfQuota { get; set; }

    // What we tell.

    /// <summary>When the link came up, the other side had everything through this position of what was shared then.</summary>
    private ulong ToldThrough { get; } = toldThrough;

    /// <summary>The last position that we said was told.</summary>
    public ulong Through { get; set; } = toldThrough;

    /// <summary>How many logs the other side does not know to be as far as they are here.</summary>
    public int Untold { get; set; }

    public List<LinkedLog> ToTell { get; } = [];

    /// <summary>When something was told last.</summary>
    public TimeSpan? LastTold { get; set; }

    /// <summary>True if what is to be told goes at the end of this step.</summary>
    public bool TellNow { get; set; }

    // What we heard.

    public HashSet<LinkedLog> Unresolved { get; } = [];

    /// <summary>The position that is heard once nothing blocks it; 0 for none.</summary>
    public ulong Candidate { get; set; }

    /// <summary>How many logs block the candidate.</summary>
    public int Blocked { get; set; }

    /// <summary>The newest position told after the candidate; 0 for none.</summary>
    public ulong Latest { get; set; }

    /// <summary>The highest position told.</summary>
    public ulong LastThrough { get; set; }

    /// <summary>Something told here was put aside when its conversation ceased to be shared: nothing more counts as heard.</summary>
    public bool HeardEnded { get; set; }

    // Credit that we gave: the window is what the budget is charged for, wherever those bytes are now: allowed, with the store, or owed.

    public long Window { get; set; }

    /// <summary>Bytes that the other side may still send, and for which there is room.</summary>
    public long Allowance { get; set; }

    /// <summary>Bytes with the store.</summary>
    public long Busy { get; set; }

    /// <summary>Bytes that are done with and not yet given again.</summary>
    public long Owed { get; set; }

    /// <summary>Bytes that the other side may still send by credit that was taken back, and of which it does not know.</summary>
    public long Dormant { get; set; }

    /// <summary>When it was given credit last.</summary>
    public TimeSpan GivenAt { get; set; }

    /// <summary>Its place among those who have credit in force.</summary>
    public LinkedListNode<LinkState> Holder => field ??= new LinkedListNode<LinkState>(this);

    public bool AwaitsCredit { get; set; }

    /// <summary>Its number among all that ever waited for credit.</summary>
    public long WaitsSince { get; set; }

    public bool CreditDue { get; set; }

    // Credit that we were given.

    public long CreditOut { get; set; } = Math.Max(0, up.InitialCredit);

    public Queue<LinkedLog> Ready { get; } = [];

    public Dictionary<(ConversationId Conversation, PeerId Author), AuthorLane> Lanes { get; } = [];

    /// <summary>Wants that came before we knew what lies on disk.</summary>
    public Dictionary<LogId, ReplicatorInput.Want> HeldWants { get; } = [];

    /// <summary>Conversations that came to be shared later than the link: what the other side was told before it came up does not count for them.</summary>
    public HashSet<ConversationState> SharedLater { get; } = [];

    /// <summary>True from the end of the step in which it came up: what is shared by then is shared from its start.</summary>
    public bool Started { get; set; }

    /// <summary>Authors of whom the other side was told that no more logs are taken; null for a conversation that is full.</summary>
    public HashSet<(ConversationId Conversation, PeerId? Author)> OverQuota { get; } = [];

    /// <summary>True if the other side was told of the log before the link came up, as far as the log goes here.</summary>
    public bool KnewAtStart(LogState log) => log.Position <= ToldThrough && !SharedLater.Contains(log.Conversation);

    public bool Takes(LogKey key, ConversationState conversation) => TakesAuthor(key.Author, conversation);

    public bool TakesAuthor(PeerId author, ConversationState conversation) =>
        Shared.TryGetValue(conversation, out var authors) && (authors is null || authors.Contains(author));

    /// <summary>True in a room: it has no list of authors.</summary>
    public bool TakesAnybody(ConversationState conversation) => Shared.TryGetValue(conversation, out var authors) && authors is null;

    /// <summary>Loads that were not answered yet, also those whose log is not shared any more.</summary>
    public Dictionary<LogId, LinkedLog> LoadsInFlight { get; } = [];

    /// <summary>True once the heads of all that it shares are known.</summary>
    public bool AllLoaded
    {
        get
        {
            foreach (var conversation in Shared.Keys)
            {
                if (!conversation.Loaded)
                    return false;
            }

            return true;
        }
    }
}
