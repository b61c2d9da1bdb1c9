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

    /// <summary>The owner wants what it did not want before: the next link is told all of it anew.</summary>
    WantedAgain,
}

/// <summary>Everything that a replicator can ask of its shell. None of it may block the shell's loop.</summary>
internal abstract record ReplicatorOutput
{
    internal sealed record SendHave(LinkId Link, IReadOnlyList<LogHead> Logs, ulong? Through) : ReplicatorOutput;

    /// <param name="Link">The link.</param>
    /// <param name="LogId">The log.</param>
    /// <param name="After">After which head.</param>
    /// <param name="Standing">Whether what comes later is wanted, too.</param>
    /// <param name="ErasedThrough">Through which sequence headers alone will do where the bodies have been erased; 0 for none.</param>
    internal sealed record SendWant(LinkId Link, LogId LogId, Head After, bool Standing, ulong ErasedThrough = 0) : ReplicatorOutput;

    internal sealed record SendUnwant(LinkId Link, LogId LogId) : ReplicatorOutput;

    internal sealed record SendCredit(LinkId Link, long Bytes) : ReplicatorOutput;

    /// <param name="Link">The link.</param>
    /// <param name="LogId">The log.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="Erased">What has been erased here, with the reason Pruned.</param>
    internal sealed record SendRefuse(LinkId Link, LogId LogId, Protocol.RefuseReason Reason, ErasedStretch? Erased = null) : ReplicatorOutput;

    internal sealed record SendForkProof(LinkId Link, SegmentHeader First, SegmentHeader? Second) : ReplicatorOutput;

    internal sealed record SendSegments(LinkId Link, IReadOnlyList<HeldSegment> Segments) : ReplicatorOutput;

    /// <summary>Read a page of a conversation's heads, in order of LogId, after the given one; answered by HeadsLoaded.</summary>
    internal sealed record LoadHeads(ConversationId Conversation, LogId? After) : ReplicatorOutput;

    /// <summary>Read the segments of a log after a head; answered by Loaded.</summary>
    /// <param name="Link">For which link.</param>
    /// <param name="LogId">The log.</param>
    /// <param name="After">After which head.</param>
    /// <param name="MaxWeight">As many as weigh at most this together.</param>
    /// <param name="ErasedThrough">Through which sequence erased ones may be among them; before another one reading stops.</param>
    internal sealed record Load(LinkId Link, LogId LogId, Head After, long MaxWeight, ulong ErasedThrough = 0) : ReplicatorOutput;

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

    /// <summary>A quota is used up, and this log is the first that it keeps away. To be told the owner, seldom: there may be one for each author.</summary>
    internal sealed record QuotaReached(LogKey Log, QuotaReason Reason) : ReplicatorOutput;

    /// <summary>The link's peer turns away a log of this node because of a quota of its own. To be told the owner, seldom: there may be one for each log.</summary>
    internal sealed record QuotaReachedThere(PeerId Peer, LogKey Log) : ReplicatorOutput;

    /// <summary>What of the conversation is still to come. Answers Measure.</summary>
    internal sealed record Measured(long Number, Backlog Backlog) : ReplicatorOutput;

    /// <summary>Everything that the link's peer told through this position of its feed is on disk here (or was refused). To be kept, at leisure.</summary>
    internal sealed record HeardThrough(LinkId Link, ulong Position) : ReplicatorOutput;

    /// <summary>The owner wants what it did not want before. What was told meanwhile counts as heard and is not here: how far peers were heard is to be forgotten.
    /// The links that share it are closed.</summary>
    internal sealed record ForgetHeard : ReplicatorOutput;
}
