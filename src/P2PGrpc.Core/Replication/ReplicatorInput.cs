using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>A log and how far somebody holds it.</summary>
internal readonly record struct LogHead(LogKey Log, LogId LogId, Head Head);

/// <summary>A log as it lies in the store: its head, the feed position of its last entry, whether a fork froze it, and the proof, if it can be read.</summary>
internal readonly record struct StoredHead(LogKey Log, LogId LogId, Head Head, ulong Position, bool Frozen, ForkProof? Proof = null);

/// <summary>How much is held of an author in a conversation, as segments weigh.</summary>
internal readonly record struct AuthorWeight(PeerId Author, long Weight);

/// <summary>A segment on its way: its verified header, and its body by handle.</summary>
internal readonly record struct HeldSegment(SegmentHeader Header, BodyHandle Body)
{
    public int Weight => Body.Weigh(Header);
}

/// <summary>Why a segment could not be stored.</summary>
internal enum StoreFailure
{
    /// <summary>The disk is full: rolled back, and worth another try later.</summary>
    Full,

    /// <summary>The owner's quota for the author or conversation is used up.</summary>
    Quota,

    /// <summary>The store has stopped writing.</summary>
    Halted,

    /// <summary>The segment does not follow what is stored: pending goes back to what is durable.</summary>
    Mismatch,
}

/// <summary>What the store answers to a Load.</summary>
internal abstract record LoadResult
{
    /// <summary>The segments right after the asked-for head, in order; empty if none of them fits the asked-for size, or there is none.</summary>
    internal sealed record Segments(IReadOnlyList<HeldSegment> Held) : LoadResult;

    /// <summary>The asked-for head is no boundary of this log here; this header covers that place, or is the last one below it.</summary>
    internal sealed record NoSuchBoundary(SegmentHeader Header) : LoadResult;

    /// <summary>The body of what follows the head was erased, and its header alone was not asked for.</summary>
    internal sealed record Pruned(ErasedStretch Stretch) : LoadResult;

    /// <summary>What follows the head can't be read: it failed its hash.</summary>
    internal sealed record Damaged : LoadResult;
}

/// <summary>Everything that can happen to a replicator. Sizes, hashes and signatures were checked before.</summary>
internal abstract record ReplicatorInput
{
    /// <summary>A link is up: both Hellos were heard and admission is settled.</summary>
    /// <param name="Link">The link's name from now on.</param>
    /// <param name="Peer">Who is at its other end.</param>
    /// <param name="Instance">The other process's random instance id.</param>
    /// <param name="InitialCredit">Bytes of segments that the other side takes before it says more.</param>
    /// <param name="ToldThrough">The position of our feed through which the other side has everything it was told; 0 to tell all.</param>
    /// <param name="IsGuest">True for a peer that is let in for a room only: anybody who holds a ticket can make any number of them.</param>
    internal sealed record LinkUp(
        LinkId Link, PeerId Peer, ulong Instance, long InitialCredit, ulong ToldThrough, bool IsGuest = false) : ReplicatorInput;

    internal sealed record LinkDown(LinkId Link) : ReplicatorInput;

    /// <summary>The link's peer may (or may no longer) exchange a conversation with us. Authors: whose logs are taken; null for anybody's.
    /// What is shared from a link's start comes in one batch with its LinkUp: a position counts as told for all of that. What comes to be shared, or ceases
    /// to be, later ends the counting on this link; all of it is told.</summary>
    internal sealed record Sharing(LinkId Link, ConversationId Conversation, IReadOnlySet<PeerId>? Authors, bool On) : ReplicatorInput;

    /// <summary>Whether the bytes of a conversation are bounded from now on. Nothing is unless said so; to be said before it is shared first.</summary>
    internal sealed record Bound(ConversationId Conversation, QuotaScope Scope) : ReplicatorInput;

    internal sealed record Have(LinkId Link, IReadOnlyList<LogHead> Logs, ulong? Through) : ReplicatorInput;

    /// <param name="Link">The link.</param>
    /// <param name="LogId">The log.</param>
    /// <param name="After">After which head.</param>
    /// <param name="Standing">Whether what comes later is wanted, too.</param>
    /// <param name="ErasedThrough">Through which sequence headers alone are wanted where the bodies have been erased; 0 for none.</param>
    internal sealed record Want(LinkId Link, LogId LogId, Head After, bool Standing, ulong ErasedThrough = 0) : ReplicatorInput;

    internal sealed record Unwant(LinkId Link, LogId LogId) : ReplicatorInput;

    internal sealed record Segment(LinkId Link, SegmentHeader Header, BodyHandle Body) : ReplicatorInput;

    internal sealed record Credit(LinkId Link, long Bytes) : ReplicatorInput;

    /// <param name="Link">The link.</param>
    /// <param name="LogId">The log.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="Erased">What has been erased there, with the reason Pruned.</param>
    internal sealed record Refuse(LinkId Link, LogId LogId, Protocol.RefuseReason Reason, ErasedStretch? Erased = null) : ReplicatorInput;

    /// <summary>Second is null when the other side only says what stands at our head's place there.</summary>
    internal sealed record ForkProof(LinkId Link, SegmentHeader First, SegmentHeader? Second) : ReplicatorInput;

    /// <summary>Answers LoadHeads. More: another page follows, asked for by Next. With the last page comes how much is held of each author.</summary>
    internal sealed record HeadsLoaded(
        ConversationId Conversation, IReadOnlyList<StoredHead> Heads, LogId? Next, IReadOnlyList<AuthorWeight>? Weights = null) : ReplicatorInput;

    /// <summary>Answers LoadHeads: they could not be read. The next link that shares the conversation asks anew.</summary>
    internal sealed record HeadsFailed(ConversationId Conversation) : ReplicatorInput;

    internal sealed record Loaded(LinkId Link, LogId LogId, LoadResult Result) : ReplicatorInput;

    /// <summary>A Store is on disk. Stored and Appended come in order of position, none left out.</summary>
    /// <param name="Log">The log.</param>
    /// <param name="LogId">Its id.</param>
    /// <param name="Head">The log's head with the segment.</param>
    /// <param name="Position">The feed position of its last entry.</param>
    /// <param name="Recovered">The store found it on disk after it had answered StoreFailed: this answers no Store, and the same segment may be with the
    /// store again.</param>
    /// <param name="Weight">What a recovered segment weighs: it was counted as not held.</param>
    internal sealed record Stored(LogKey Log, LogId LogId, Head Head, ulong Position, bool Recovered = false, int Weight = 0) : ReplicatorInput;

    internal sealed record StoreFailed(LogId LogId, Head Head, StoreFailure Failure) : ReplicatorInput;

    /// <summary>This node's LogWriter put a segment on disk. A log that was appended to in this process is never wanted from anybody.</summary>
    internal sealed record Appended(LogKey Log, LogId LogId, Head Head, ulong Position) : ReplicatorInput;

    /// <summary>The store has frozen a log, or found no fork in what it was asked to freeze (Proof is null: nothing changed).</summary>
    internal sealed record Frozen(LogId LogId, Logs.ForkProof? Proof) : ReplicatorInput;

    /// <summary>A segment that lies on disk here fails its hashes.</summary>
    /// <param name="Log">Its log.</param>
    /// <param name="LogId">The log's id.</param>
    /// <param name="After">The head right before it.</param>
    internal sealed record Damaged(LogKey Log, LogId LogId, Head After) : ReplicatorInput;

    /// <summary>Answers Repair.</summary>
    /// <param name="LogId">The log.</param>
    /// <param name="Head">The segment's.</param>
    /// <param name="Failure">Null if the segment took the damaged one's place; Mismatch if it does not belong there, or nothing was damaged.</param>
    internal sealed record Repaired(LogId LogId, Head Head, StoreFailure? Failure) : ReplicatorInput;

    /// <summary>Whether the owner wants a conversation, or one author in it, or one author anywhere. Everything shared is wanted unless said otherwise.</summary>
    /// <param name="Conversation">Which; null for all.</param>
    /// <param name="Author">Whose logs; null for everybody's.</param>
    /// <param name="Wanted">Said of both null, it means nothing.</param>
    internal sealed record Interest(ConversationId? Conversation, PeerId? Author, bool Wanted) : ReplicatorInput;

    /// <summary>Somebody wants to know what of a conversation is still to come, and how some of its logs stand; answered by Measured with the same number.</summary>
    internal sealed record Measure(ConversationId Conversation, IReadOnlyCollection<LogKey> Logs, long Number) : ReplicatorInput;

    /// <summary>So much of an author's is held no more: bodies were erased.</summary>
    internal sealed record Freed(ConversationId Conversation, PeerId Author, long Weight) : ReplicatorInput;

    /// <summary>The owner has set other quotas of bytes, in place of those in the limits; null for none.</summary>
    internal sealed record Quotas(long? AuthorBytes, long? AllBytes, long? AuthorRate, long? AllRate) : ReplicatorInput;

    /// <summary>Time has passed: given at or after the last WakeAt.</summary>
    internal sealed record Tick : ReplicatorInput;
}
