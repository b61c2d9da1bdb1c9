namespace P2PGrpc.Node.History;

/// <summary>Limits of the history, each with its reason.</summary>
internal static class HistoryLimits
{
    /// <summary>Messages, or conversations, on a page that does not say how many: a screen or two.</summary>
    public const int DefaultPage = 50;

    /// <summary>Messages, or conversations, on a page at most: each may have to be read from a segment of its own.</summary>
    public const int LargestPage = 200;

    /// <summary>Bytes of messages on a page, the last one apart: well below a client's default limit of 4 MiB.</summary>
    public const int PageBytes = 1024 * 1024;

    /// <summary>Characters of a query, and words in it: each word is looked up by itself.</summary>
    public const int QueryLength = 1000;

    /// <inheritdoc cref="QueryLength"/>
    public const int QueryWords = 32;

    /// <summary>Letters before the * of a word's beginning: with one, half of all words would have to be gone through.</summary>
    public const int PrefixLength = 2;

    /// <summary>Segments, and bytes of them, that are indexed in one transaction: some ten milliseconds of work.</summary>
    public const int SegmentsPerBatch = 512;

    /// <inheritdoc cref="SegmentsPerBatch"/>
    public const int BytesPerBatch = 256 * 1024;

    /// <summary>How long what arrives is let gather before it is indexed: nobody waits for it, and a batch costs less than its messages one by one.</summary>
    public static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(500);

    /// <summary>The share of the time that indexing may take while messages stream in, one part in so many: sending and receiving come first.</summary>
    public const int ShareUnderLoad = 20;

    /// <summary>The same while no more come: after a busy time others on the machine may want its processor and its disk. Whoever asks makes it hurry.</summary>
    public const int Share = 10;

    /// <summary>The longest pause for the sake of that share.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>How long a question waits for what has arrived and is not indexed yet. It is then answered with what there is, and says so.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>How long a page waits for one neighbour's look ahead before it asks another; for all of them it waits as long as <see cref="Patience"/>.</summary>
    public static readonly TimeSpan NeighbourPatience = TimeSpan.FromMilliseconds(900);

    /// <summary>For so long a neighbour is not asked again that brought nothing of use: replication goes on meanwhile.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    /// <summary>How long the answer to a neighbour's look ahead waits for what has arrived here and is not indexed yet: less than the neighbour waits.</summary>
    public static readonly TimeSpan AnswerPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>For so long what was seen at the end of a conversation counts as its end: who looks at short intervals does not ask for the same each time.</summary>
    public static readonly TimeSpan LookAge = TimeSpan.FromSeconds(2);

    /// <summary>Questions to neighbours for one page. Each brings a page of short messages; more are needed only where nearly all of the answers is held already.</summary>
    public const int QuestionsPerPage = 16;

    /// <summary>What is kept of one conversation ahead of replication, as <see cref="AheadMessageWeight"/> weighs: some thousand messages.</summary>
    public const long AheadPerConversation = 4 * 1024 * 1024;

    /// <summary>What is kept of all conversations together.</summary>
    public const long AheadInAll = 16 * 1024 * 1024;

    /// <summary>What a message that is kept ahead counts for beside its bytes: its place. A segment may hold thousands of empty ones.</summary>
    public const int AheadMessageWeight = 64;

    /// <summary>After an error of the index, a full disk for example, the time to the next attempt.</summary>
    public static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that must be free on the disk for the index to be emptied and built anew: what its write-ahead log may grow to. The rest of it lies in the file already.</summary>
    public const long RebuildRoom = 16 * 1024 * 1024;

    /// <summary>Damaged places that are tried again after a repair: a disk that has more of them is beyond help.</summary>
    public const int RetriedPlaces = 1000;

    /// <summary>Conversations and authors whose numbers the indexer remembers, each: a few megabytes.</summary>
    public const int RememberedNumbers = 20_000;
}
