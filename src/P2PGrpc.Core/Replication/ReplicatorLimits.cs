using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>The replicator's limits and times. The defaults are those of a node; tests make their own.</summary>
internal sealed record ReplicatorLimits
{
    /// <summary>What the largest segment there can be weighs.</summary>
    public const int LargestWeight = LogLimits.BodyLength + LogLimits.OpeningLength + LogLimits.HeaderWeight;

    /// <summary>Bytes of segments in flight towards this node, over all links: bounds what received but unstored bodies can take. Guests together have half of it.</summary>
    public long CreditBudget { get; init; } = 64 * 1024 * 1024;

    /// <summary>Bytes of segments in flight on one link: several of the largest segments, so that the link stays busy while the store commits.</summary>
    public long LinkCredit { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes that a link may send at first, before it shows that it needs more: two Loads. Where more links push at the same time than have room for it,
    /// they take turns with smaller windows.</summary>
    public long FirstCredit { get; init; } = 512 * 1024;

    /// <summary>Bytes that a link must have to send anything at all.</summary>
    public long LeastCredit { get; init; } = LargestWeight;

    /// <summary>How long a window that was given lies there unused at least before it is taken back for links that wait: time for a journey to and fro, and short enough
    /// that a thousand links have all had their turn within two seconds.</summary>
    public TimeSpan CreditTurn { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Loads in flight for one link, whatever credit it gives: bounds what sending to it can take.</summary>
    public int LoadsPerLink { get; init; } = 16;

    /// <summary>Bytes of one Load: about what fits a frame.</summary>
    public long LoadWeight { get; init; } = 256 * 1024;

    /// <summary>Items of one Have of a node: about 30 KiB encoded.</summary>
    public const int DefaultHaveItems = 200;

    /// <summary>Items of one Have.</summary>
    public int HaveItems { get; init; } = DefaultHaveItems;

    /// <summary>Logs that one link may name of which nothing is held here: each costs about a kilobyte while the link is up. As many as a full room has, and some: a
    /// newcomer is told all of them at once.</summary>
    public int LogsPerLink { get; init; } = 60_000;

    /// <summary>Logs that all links together may name. Beyond it, a link that has named its equal part or more may name no more: many links can't do together what
    /// one can't.</summary>
    public int LogsNamed { get; init; } = 200_000;

    /// <summary>Logs of one other author held in one conversation, each of which costs about 3 KB of memory while a link shares the conversation: more than five
    /// starts a day for ten years. Of what goes beyond, nothing is stored, and who tells of it is told so.</summary>
    public int LogsPerAuthor { get; init; } = 20_000;

    /// <summary>Logs of all others together held in one conversation: who is in a room can write there under as many identities as it likes. Some 150 MB of memory
    /// while it is shared; five hundred members with a hundred starts each.</summary>
    public int LogsPerConversation { get; init; } = 50_000;

    /// <summary>What a node holds of one author: a million long messages, or ten thousand pictures. Far above what people write, and a disk has room for some who do
    /// nothing else.</summary>
    public const long DefaultAuthorBytes = 1L << 30;

    /// <summary>Bytes held of one other author in one room, or of one stranger; null for any number.</summary>
    public long? AuthorBytes { get; init; } = DefaultAuthorBytes;

    /// <summary>What a node holds of all others in a room: ten members who write all that one may.</summary>
    public const long DefaultAllBytes = 10 * DefaultAuthorBytes;

    /// <summary>Bytes held of all others in one room, or of all strangers; null for any number.</summary>
    public long? AllBytes { get; init; } = DefaultAllBytes;

    /// <summary>What a node takes of one author in a minute: a megabyte a second is more than people and most programs write, and a fiftieth of what a disk takes. To
    /// check segments of one short message each costs a quarter of a core then.</summary>
    public const long DefaultAuthorRate = 64L << 20;

    /// <summary>Bytes that come of one other author in a minute, over a while, in one room or from one stranger; null for any number.</summary>
    public long? AuthorRate { get; init; } = DefaultAuthorRate;

    /// <summary>What a node takes of all others in a room in a minute: four who write as fast as one may.</summary>
    public const long DefaultAllRate = 4 * DefaultAuthorRate;

    /// <summary>Bytes that come of all others in a minute, over a while, in one room or from all strangers; null for any number.</summary>
    public long? AllRate { get; init; } = DefaultAllRate;

    /// <summary>How many minutes' worth may come at once: what was written while a node was away, and a newcomer's history of a usual size, come without delay.</summary>
    public TimeSpan QuotaBurst { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>How long nothing is asked for, at least, where more comes than may: long enough that each time is worth asking.</summary>
    public TimeSpan QuotaPause { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the owner is not told again of the same quota.</summary>
    public TimeSpan QuotaSilence { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Logs that the store is asked to freeze at the same time: each holds two headers in its queue, about a kilobyte. An accusation
    /// beyond that is passed over; the log is frozen when its fork is met again.</summary>
    public int Freezes { get; init; } = 64;

    /// <summary>Proofs that wait for their logs to come as far as the fork, about a kilobyte each. One beyond that is passed over; whoever froze the log shows it again
    /// to a side that has got all of it.</summary>
    public int EarlyProofs { get; init; } = 1024;

    /// <summary>Proofs that a new link is shown of one conversation, some 700 bytes each: honest authors have none, so that few are more than enough.</summary>
    public int ProofsShown { get; init; } = 256;

    /// <summary>Damaged places that are fetched again at the same time, one a log. Damage is rare; where a disk dies, this bounds what it costs.</summary>
    public int Repairs { get; init; } = 64;

    /// <summary>How long a neighbour may take to send a segment again before another is asked.</summary>
    public TimeSpan RepairTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait before a repair is tried again that the store did not take, because the disk was full or an error halted it, or for which the
    /// last neighbour took too long: each try may fetch the segment once more.</summary>
    public TimeSpan RepairRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Logs of one author in one conversation that wait for the author's log before them at the same time. An author has one such log for each of its
    /// starts that is on its way; beyond this, logs are taken as they come. So an author's many starts take nobody else's places.</summary>
    public int SuccessorsPerAuthor { get; init; } = 16;

    /// <summary>Logs that wait so, of all authors: each step looks at all of them.</summary>
    public int Successors { get; init; } = 1024;

    /// <summary>How long a log waits for its author's log before it, where a neighbour says that it has that and does not give it.</summary>
    public TimeSpan SuccessionTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a tell may wait for others to join it.</summary>
    public TimeSpan TellDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a pusher may stand still while another link is ahead of it.</summary>
    public TimeSpan StallTime { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long headers without bodies are not asked for after the first link came to a conversation: another neighbour that is just being dialled may have
    /// the bodies, which nobody asks for later.</summary>
    public TimeSpan ErasedPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait before wanting anything again after the store took nothing, because the disk was full or an error halted it.</summary>
    public TimeSpan StoreRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time until a conversation's heads are read again that could not be read. A damaged page stays so; all other conversations go on.</summary>
    public TimeSpan HeadsRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Segments of one log in a row that do not fit what is on disk though they fit what is known of it: from then on nothing more of it is taken. One may be by
    /// chance, after the store was opened anew; more mean that what is on disk is damaged, and asking again brings the same.</summary>
    public int Mismatches { get; init; } = 3;
}
