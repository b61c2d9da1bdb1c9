using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>Why the replicator wants a link closed.</summary>
internal enum CloseReason
{
    /// <summary>More bytes of segments came than credit was given for.</summary>
    CreditOverrun,

    /// <summary>The other side told, wanted or sent more logs than a link may.</summary>
    TooManyLogs,
}

/// <summary>Everything that a replicator can ask of its shell. None of it may block the shell's loop.</summary>
internal abstract record ReplicatorOutput
{
    internal sealed record SendHave(LinkId Link, IReadOnlyList<LogHead> Logs, ulong? Through) : ReplicatorOutput;

    internal sealed record SendWant(LinkId Link, LogId LogId, Head After, bool Standing) : ReplicatorOutput;

    internal sealed record SendUnwant(LinkId Link, LogId LogId) : ReplicatorOutput;

    internal sealed record SendCredit(LinkId Link, long Bytes) : ReplicatorOutput;

    internal sealed record SendRefuse(LinkId Link, LogId LogId, Protocol.RefuseReason Reason) : ReplicatorOutput;

    internal sealed record SendForkProof(LinkId Link, SegmentHeader First, SegmentHeader? Second) : ReplicatorOutput;

    internal sealed record SendSegments(LinkId Link, IReadOnlyList<HeldSegment> Segments) : ReplicatorOutput;

    /// <summary>Read a page of a conversation's heads, in order of LogId, after the given one; answered by HeadsLoaded.</summary>
    internal sealed record LoadHeads(ConversationId Conversation, LogId? After) : ReplicatorOutput;

    /// <summary>Read the segments of a log after a head, as many as weigh at most MaxWeight together; answered by Loaded.</summary>
    internal sealed record Load(LinkId Link, LogId LogId, Head After, long MaxWeight) : ReplicatorOutput;

    /// <summary>Put a segment on disk; answered by Stored or StoreFailed, in order within a log. The handle is the shell's now.</summary>
    /// <param name="Header">Its header.</param>
    /// <param name="Body">Its body.</param>
    /// <param name="Refusals">How many StoreFailed because of a full disk or a halt were known when this was asked. If there were more by then, it is to
    /// fail likewise: what it should have come after is missing.</param>
    internal sealed record Store(SegmentHeader Header, BodyHandle Body, long Refusals) : ReplicatorOutput;

    /// <summary>Put a segment in the place of the damaged one that it was fetched for; answered by Repaired. The handle is the shell's now.</summary>
    internal sealed record Repair(SegmentHeader Header, BodyHandle Body) : ReplicatorOutput;

    /// <summary>Keep the proof and freeze the log. Second null: look for the segment that stands at First's place here. Answered by Frozen.</summary>
    internal sealed record Freeze(LogId LogId, SegmentHeader First, SegmentHeader? Second) : ReplicatorOutput;

    /// <summary>The body is of no more use.</summary>
    internal sealed record Release(BodyHandle Body) : ReplicatorOutput;

    internal sealed record Close(LinkId Link, CloseReason Reason) : ReplicatorOutput;

    /// <summary>Give a Tick at this time. The latest one counts.</summary>
    internal sealed record WakeAt(TimeSpan Time) : ReplicatorOutput;

    /// <summary>The link's peer has acknowledged a log up to this head.</summary>
    internal sealed record Acknowledged(PeerId Peer, LogKey Log, LogId LogId, Head Head) : ReplicatorOutput;

    /// <summary>An author has begun more logs in a conversation than are held here; this is the first that is turned away. To be told the owner.</summary>
    /// <param name="Log">The log.</param>
    /// <param name="OfAuthor">False if it is not its author who has too many: all others together have begun more logs in the conversation than are held.</param>
    internal sealed record QuotaReached(LogKey Log, bool OfAuthor) : ReplicatorOutput;

    /// <summary>The link's peer turns away a log of this node because of a quota of its own. To be told the owner, seldom: there may be one for each log.</summary>
    internal sealed record QuotaReachedThere(PeerId Peer, LogKey Log) : ReplicatorOutput;

    /// <summary>What of the conversation is still to come. Answers Measure.</summary>
    internal sealed record Measured(long Number, Backlog Backlog) : ReplicatorOutput;

    /// <summary>Everything that the link's peer told through this position of its feed is on disk here (or was refused). To be kept, at leisure.</summary>
    internal sealed record HeardThrough(LinkId Link, ulong Position) : ReplicatorOutput;
}
