using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>How a log is wanted.</summary>
internal enum WantKind
{
    None,
    Once,
    Standing,
}

/// <summary>What the two ends of a link know and want of each other's copy of one log.</summary>
internal sealed class LinkedLog(LinkState link, LogState log)
{
    public LinkState Link { get; } = link;

    public LogState Log { get; } = log;

    /// <summary>True once link or log are gone: whoever still holds this must pass it over.</summary>
    public bool Removed { get; set; }

    /// <summary>True if the other side named the log on this link while nothing of it was held here; counts against LogsPerLink.</summary>
    public bool Named { get; set; }

    // What the other side said or showed.

    /// <summary>How far the other side holds it, as far as we know. Only moves forward.</summary>
    public Head Head { get; set; } = log.Id.Empty;

    /// <summary>A head from a Have that was not yet reported as an acknowledgement.</summary>
    public Head? Unreported { get; set; }

    /// <summary>Since when <see cref="Head"/> has been ahead of what is pending here.</summary>
    public TimeSpan AheadSince { get; set; }

    /// <summary>It will not or cannot give what it told, until it tells more.</summary>
    public bool Refused { get; set; }

    /// <summary>It froze the log and called that all which it gave, though it had told more; until something of the log comes again, or it tells again.</summary>
    public bool GaveAll { get; set; }

    /// <summary>How often it told but did not deliver, since it last delivered. Those with fewer are asked first.</summary>
    public int Failures { get; set; }

    // What we asked for.

    /// <summary>True once we sent a Want on this link: segments may arrive, even after an Unwant crossed them.</summary>
    public bool Asked { get; set; }

    /// <summary>Bodies before this sequence have been erased there, from our place on; 0 if it did not say so.</summary>
    public ulong HeldFrom { get; set; }

    /// <summary>Through which sequence we asked for headers alone.</summary>
    public ulong AskedErasedThrough { get; set; }

    /// <summary>True if it can give no more than the header of what comes next.</summary>
    public bool IsErasedThere => HeldFrom > Log.Pending.Sequence + 1;

    /// <summary>The generation and place for which a gap made us ask again.</summary>
    public (int Generation, ulong Sequence)? AskedAgain { get; set; }

    /// <summary>The place at which we asked what stands there.</summary>
    public ulong? QuestionedAt { get; set; }

    /// <summary>We told the other side why we don't take it.</summary>
    public bool RefusalSent { get; set; }

    /// <summary>The other side has seen the fork proof, or was sent it.</summary>
    public bool ProofKnown { get; set; }

    // What it told and we must hold before the position it told may be called heard; 0 for nothing.

    public ulong Needed { get; set; }

    public ulong Blocking { get; set; }

    // What we told and send.

    /// <summary>The last sequence that the other side knows us to hold, by a Have or by the segments themselves.</summary>
    public ulong Told { get; set; }

    /// <summary>True if counted in the link's Untold.</summary>
    public bool CountedUntold { get; set; }

    /// <summary>True once it was told on this link.</summary>
    public bool EverTold { get; set; }

    /// <summary>True while in the link's list of what to tell.</summary>
    public bool InTell { get; set; }

    /// <summary>Tell even if nothing is new: the other side seems not to have heard.</summary>
    public bool TellAgain { get; set; }

    public WantKind Want { get; set; }

    /// <summary>Through which sequence headers alone are wanted.</summary>
    public ulong ErasedThrough { get; set; }

    /// <summary>Where a Want for once ends.</summary>
    public ulong OnceThrough { get; set; }

    /// <summary>The last head sent, or asked to be sent after.</summary>
    public Head SentThrough { get; set; }

    /// <summary>The asked-for head has our head's sequence but not its hash: the store must say what stands there.</summary>
    public bool Unchecked { get; set; }

    /// <summary>True while a Load is not answered.</summary>
    public bool Loading { get; set; }

    /// <summary>The answer to the Load in flight belongs to an earlier Want.</summary>
    public bool LoadStale { get; set; }

    /// <summary>Credit set aside for the Load in flight.</summary>
    public long Reserved { get; set; }

    /// <summary>Less credit than this is known not to do for the next segment.</summary>
    public long Minimum { get; set; }

    /// <summary>True while in the link's queue of logs to send from.</summary>
    public bool InReady { get; set; }

    /// <summary>True while it waits for an earlier log of its author.</summary>
    public bool InLane { get; set; }
}
