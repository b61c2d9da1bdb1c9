using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>A Store that was not answered yet. Stores of a generation that failed will fail too: they follow what is not there.</summary>
internal readonly record struct StoreInFlight(Head Head, LinkState Link, int Weight, int Generation);

/// <summary>What the replicator keeps of a log. Its deadline is the stall rule's.</summary>
internal sealed class LogState(ConversationState conversation, LogKey key, LogId id) : Timed
{
    public LogKey Key { get; } = key;

    public LogId Id { get; } = id;

    public ConversationState Conversation { get; } = conversation;

    /// <summary>How far the log is on disk here.</summary>
    public Head Durable
    {
        get;
        set
        {
            field = value;
            Count();
        }
    } = id.Empty;

    /// <summary>How far it will be once all Stores in flight have succeeded.</summary>
    public Head Pending
    {
        get;
        set
        {
            field = value;
            Count();
        }
    } = id.Empty;

    /// <summary>The feed position of the last entry on disk.</summary>
    public ulong Position { get; set; }

    /// <summary>True once this process appended to it: then nobody else can have more of it.</summary>
    public bool Own { get; set; }

    public bool Frozen
    {
        get;
        set
        {
            field = value;
            Count();
        }
    }

    /// <summary>True while a Freeze is not answered.</summary>
    public bool Freezing
    {
        get;
        set
        {
            field = value;
            Count();
        }
    }

    /// <summary>Whose evidence led to the Freeze in flight, if a link's.</summary>
    public LinkedLog? Accuser { get; set; }

    /// <summary>The proof of the fork that froze it.</summary>
    public ForkProof? Proof { get; set; }

    /// <summary>Set while it waits for its author's log before it.</summary>
    public Successor? Successor { get; set; }

    /// <summary>It has waited long enough for its author's log before it, and won't again.</summary>
    public bool WaitedOut { get; set; }

    /// <summary>What of it is being fetched again because it is damaged here.</summary>
    public Repair? Repair { get; set; }

    /// <summary>True if something of it is on disk or on its way there: it counts against its author's quota.</summary>
    public bool Held { get; private set; }

    /// <summary>Its author's quota is used up, or the store said that one is.</summary>
    public bool OverQuota { get; set; }

    /// <summary>The quota that it waits for, before more of it is asked for.</summary>
    public ByteMeter? WaitsFor { get; set; }

    /// <summary>It waits until the store takes anything again.</summary>
    public bool Deferred { get; set; }

    /// <summary>The one neighbour with a standing Want of ours.</summary>
    public LinkedLog? Pusher { get; set; }

    /// <summary>When <see cref="Pending"/> moved last.</summary>
    public TimeSpan LastProgress { get; set; } = TimeSpan.MinValue;

    /// <summary>How often the pusher was changed for standing still, since the last progress.</summary>
    public int Rotations { get; set; }

    /// <summary>Segments in a row that did not fit what is on disk.</summary>
    public int Mismatches { get; set; }

    /// <summary>How often the pusher was kept though it stood still, because the store was slow, since the last progress.</summary>
    public int Excuses { get; set; }

    /// <summary>Counts how often <see cref="Pending"/> fell back.</summary>
    public int Generation { get; set; }

    public Queue<StoreInFlight> Stores { get; } = [];

    public List<LinkedLog> Links { get; } = [];

    /// <summary>True if what is on disk of it is known.</summary>
    public bool Known => Own || Conversation.Loaded;

    /// <summary>True if more of it would be taken from a neighbour, if not at this moment.</summary>
    public bool Taken => !Own && !Frozen && !OverQuota && Conversation.Wants(Key.Author);

    /// <summary>True if nothing would be lost by forgetting it.</summary>
    public bool Forgettable => Links.Count == 0 && Durable.Sequence == 0 && Stores.Count == 0 && !Own && !Frozen && !Freezing && Repair is null
        && Successor is null;

    private void Count()
    {
        var held = Durable.Sequence > 0 || Pending.Sequence > 0 || Frozen || Freezing;
        if (held == Held)
            return;
        Held = held;
        Conversation.CountHeld(Key.Author, held ? 1 : -1);
    }
}
