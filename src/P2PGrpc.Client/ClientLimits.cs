namespace P2PGrpc.Client;

/// <summary>Every limit of the client, each with its reason.</summary>
internal static class ClientLimits
{
    /// <summary>A call's time limit where none is given: the longest that a node waits for a delivery.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long an unavailable node is tried again: it covers the restart of a node (5 s to stop, 1 s to start).</summary>
    public static readonly TimeSpan RetryFor = TimeSpan.FromSeconds(10);

    /// <summary>The first pause before trying again; each further one is twice as long.</summary>
    public static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause: a node on this machine is found again soon after its start.</summary>
    public static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(2);

    /// <summary>How long connecting may take; nodes are on this machine or close to it.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>When a quiet connection is checked by an HTTP/2 ping.</summary>
    public static readonly TimeSpan KeepAliveDelay = TimeSpan.FromSeconds(20);

    /// <summary>How long that ping's answer may take before the connection counts as broken.</summary>
    public static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Messages taken from the source ahead of their sending: enough to fill the next batch while one is written.</summary>
    public const int GatheredMessages = 2048;

    /// <summary>The encoded bytes of those messages after which the source is not read further: two batches' worth.</summary>
    public const int GatheredBytes = 1024 * 1024;

    /// <summary>Messages in one batch; the node takes 4096, and smaller ones keep the answers flowing.</summary>
    public const int BatchMessages = 1024;

    /// <summary>Encoded bytes after which a batch is closed; one message more may exceed it. Four segments' worth.</summary>
    public const int BatchBytes = 512 * 1024;

    /// <summary>The encoded size of the largest message that is sent at all: a batch may hold 1 MiB in all.</summary>
    public const int MessageBytes = 384 * 1024;

    /// <summary>Batches written and not yet answered; with the bytes above at most 8 MiB are held for resending.</summary>
    public const int BatchesInFlight = 16;

    /// <summary>The largest response read from a node. Subscribe answers are smaller; the reserve is for future nodes.</summary>
    public const int ReceiveBytes = 8 * 1024 * 1024;

    /// <summary>A token file is one line; anything longer is some other file.</summary>
    public const int TokenBytes = 4096;
}
