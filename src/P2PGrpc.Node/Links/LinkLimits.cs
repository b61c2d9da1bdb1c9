namespace P2PGrpc.Node.Links;

/// <summary>Limits and times of links, each with its reason.</summary>
internal static class LinkLimits
{
    /// <summary>How long the other side may take to prove who it is: a slow one must not hold a slot.</summary>
    public static readonly TimeSpan Handshake = TimeSpan.FromSeconds(5);

    /// <summary>How often each side asks the other for a sign of life.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);

    /// <summary>A link on which nothing was heard for so long is dead: four heartbeats, so that one lost packet's retransmission doesn't count.</summary>
    public static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(8);

    /// <summary>Both of two links must have been heard within this time to count as alive when one of them is chosen.</summary>
    public static readonly TimeSpan TieBreakWindow = TimeSpan.FromSeconds(5);

    /// <summary>How long a Goodbye may take to go out before the link is cut.</summary>
    public static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a peer may refuse this node, or one that may be known by address alone may knock, before the owner is told: of two nodes that know each
    /// other by address, each learns who the other is by a dial of its own.</summary>
    public static readonly TimeSpan Acquaintance = TimeSpan.FromSeconds(3);

    /// <summary>The first wait before dialling again.</summary>
    public static readonly TimeSpan FirstRedial = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait while a peer has been absent for less than ten times as long: a returning peer is met within a second or a tenth of its absence.</summary>
    public static readonly TimeSpan ShortRedial = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait at all.</summary>
    public static readonly TimeSpan LongestRedial = TimeSpan.FromSeconds(30);

    /// <summary>A link that lived so long was a real one: after it dialling begins anew without delay.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    /// <summary>Knocks that the owner is told of in one minute: identities cost a stranger nothing, and the list of knocks has what matters.</summary>
    public const int KnocksPerMinute = 10;

    /// <summary>Ups and downs of one peer's links that the owner is told of in one minute: a peer that comes and goes must not fill the log.</summary>
    public const int ChangesPerMinute = 30;

    /// <summary>Strangers in their handshake at one time: each holds a TLS session and a slot.</summary>
    public const int Knocking = 64;

    /// <summary>Links at one time: each costs a TLS session, tasks and queues.</summary>
    public const int Links = 1000;

    /// <summary>Links of peers that are let in for a room only: who holds a ticket can make as many identities as it likes, and they must not keep known peers out.</summary>
    public const int GuestLinks = 128;

    /// <summary>How often the other side may say anew what it shares, in one minute: each time costs a proof for each room, and telling all that comes to be shared. A
    /// script that joins as many rooms as a node may be in stays below it.</summary>
    public const int SharesPerMinute = 600;

    /// <summary>Members frames that a link takes in one minute: one for each room when it begins, and what is told after. Who keeps to the rates of this node sends half.</summary>
    public const int MembersPerMinute = 600;

    /// <summary>The same that this node sends. What does not go out comes with a later shuffle.</summary>
    public const int MembersSentPerMinute = 300;

    /// <summary>Address records that are news and are looked at in one minute on one link: each costs the check of a signature. The others are passed over.</summary>
    public const int RecordsPerMinute = 1000;

    /// <summary>Addresses of members that are dialled for a test in one minute: a room of some dozens is learnt at once, and nobody can have a node scan a network.</summary>
    public const int AddressTestsPerMinute = 60;

    /// <summary>Such tests at one time.</summary>
    public const int AddressTests = 4;

    /// <summary>Small frames waiting to be written: a Want for each log that the other side may name, which comes at once after a long absence. A peer that
    /// lets more pile up does not read.</summary>
    public const int WaitingFrames = 70_000;

    /// <summary>The same on all links together, of which each takes some 200 bytes: beyond it a link on which more than a few wait is closed.</summary>
    public const int AllWaitingFrames = 250_000;

    /// <summary>Frames that may wait on a link however many wait on others: what a moment's work leaves.</summary>
    public const int FewWaitingFrames = 1000;

    /// <summary>Bytes of segments waiting to be written on one link before more are read from disk.</summary>
    public const int WaitingSegmentBytes = 1024 * 1024;

    /// <summary>Bytes of ephemeral messages that share a frame. Arrays of more than 85,000 bytes would be collected only with all of the memory, on both sides.</summary>
    public const int EphemeralFrame = 64 * 1024;

    /// <summary>Bytes of ephemeral messages waiting on one link; what comes beyond is dropped and counted.</summary>
    public const int WaitingEphemeralBytes = 4 * 1024 * 1024;

    /// <summary>Looks ahead of one peer that are answered in one minute: each costs a few hundred reads. Somebody who leafs through a long history stays below it.</summary>
    public const int RecallsPerMinute = 120;

    /// <summary>How long an answer to a look ahead is waited for: over a slow line it comes long after the page that it was asked for, and is still good for the next.</summary>
    public static readonly TimeSpan RecallPatience = TimeSpan.FromSeconds(10);

    /// <summary>Frames from all links that wait for the replicator: with 256 KiB a frame at most 32 MiB.</summary>
    public const int WaitingInputs = 128;

    /// <summary>Warnings about identities that are used twice in one minute: as long as both processes run, they take the link from each other again and again.</summary>
    public const int UsedTwicePerMinute = 5;

    /// <summary>Warnings about changed identities in one minute: who answers at an address can make a new one for each dial.</summary>
    public const int IdentityChangesPerMinute = 5;

    /// <summary>The version of the protocol that this node speaks.</summary>
    public const uint ProtocolVersion = 3;
}
