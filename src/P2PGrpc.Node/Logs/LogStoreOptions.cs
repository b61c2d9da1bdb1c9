namespace P2PGrpc.Node.Logs;

/// <summary>Where the store is, and its limits. Each default has its reason beside it.</summary>
internal sealed record LogStoreOptions
{
    /// <summary>The database file. Its directory exists.</summary>
    public required string DatabasePath { get; init; }

    /// <summary>Bytes of drafts that may wait for the writer; more callers wait outside. A few transactions' worth: more would only add delay.</summary>
    public long QueueWeight { get; init; } = 32 * 1024 * 1024;

    /// <summary>Bytes of one append call: above what one API request can carry, and far below the queue, so that none can starve the others.</summary>
    public long CallWeight { get; init; } = 8 * 1024 * 1024;

    /// <summary>Bytes after which a transaction takes no more work: several of the largest segments, enough to hide an fsync, and a stall of
    /// some 10 ms at most.</summary>
    public long TransactionWeight { get; init; } = 4 * 1024 * 1024;

    /// <summary>What a draft counts for beyond its content: its share of objects, its entry's frame, and its row if it has a message_id.</summary>
    public int DraftWeight { get; init; } = 256;

    /// <summary>Bytes of the last segments that are kept in memory for links and subscribers that keep up: some ten transactions' worth under load, and
    /// still a small part of a node's memory.</summary>
    public long RecentWeight { get; init; } = 16 * 1024 * 1024;

    /// <summary>Logs whose heads the writer remembers: about 20 MB. Beyond, it forgets all and reads what it needs again.</summary>
    public int RememberedLogs { get; init; } = 100_000;

    /// <summary>How long a message_id protects against a repetition: longer than any sane client retries.</summary>
    public TimeSpan MessageIdLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long peers' cursors may wait in memory: losing them costs a repeated tell, never a message.</summary>
    public TimeSpan CursorDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The least time between two attempts to recover from an I/O error: each reopens the database and flushes it.</summary>
    public TimeSpan RecoveryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time after which a little is written on a full disk, to see whether there is room: what clients are told to wait.</summary>
    public TimeSpan FullDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Read connections kept open: more than the cores that read at once; each holds a page cache of up to 2 MB.</summary>
    public int IdleReaders { get; init; } = 8;

    /// <summary>Pages in the write-ahead log that bring about a checkpoint: 16 MB. Measured as better than a checkpoint thread for small commits.</summary>
    public int CheckpointPages { get; init; } = 4000;

    /// <summary>Segments at the end of the feed that are verified when the database is opened: more than one transaction usually holds.</summary>
    public int VerifiedSegments { get; init; } = 64;

    /// <summary>The largest database in pages of 4 KiB; 0 for no limit but the disk.</summary>
    public long MaximumPages { get; init; }
}
