namespace P2PGrpc.Client;

/// <summary>Every limit of the client, each with its reason.</summary>
internal static class ClientLimits
{
    /// <summary>A call's time limit where none is given: the longest that a node waits for a delivery.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The longest time limit that can be given: .NET's timers count no further. Whoever wants to wait longer wants no limit.</summary>
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(49);

    /// <summary>The longest time limit that options can set for all calls, or for a handler: in a configuration a number alone is days, and "30" is seldom meant so.</summary>
    public static readonly TimeSpan LongestOption = TimeSpan.FromDays(1);

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

    /// <summary>How long replies are listened for after the last request was answered: a busy requester keeps its subscription, an idle one reads nothing in vain.</summary>
    public static readonly TimeSpan ReplyIdle = TimeSpan.FromMinutes(1);

    /// <summary>How long after its end of waiting a request is still answered: clocks of two nodes may differ, and doctor tells of those that do by more than this.</summary>
    public static readonly TimeSpan ReplyByTolerance = TimeSpan.FromMinutes(1);

    /// <summary>Messages that wait for handlers in all lanes together: enough to bridge the next response's way, few enough to be held whole (8 MiB of the largest).</summary>
    public const int WaitingMessages = 64;

    /// <summary>Messages that may wait for one lane, however many lanes there are: with one alone, each handler would wait for the reader.</summary>
    public const int LeastWaiting = 2;

    /// <summary>Messages between the first that is not handled and the last that was read, where nothing else is set: while one is tried again for a quarter of a minute,
    /// others of other authors go on; and no more than these come again after a crash.</summary>
    public const int UnacknowledgedMessages = 10_000;

    /// <summary>The same at most: some 5 MiB of places.</summary>
    public const int MostUnacknowledgedMessages = 100_000;

    /// <summary>Lanes of handlers at most: more would only wait for the same processors and connections.</summary>
    public const int Lanes = 256;

    /// <summary>The longest pause before a subscription that the node refuses is tried again: what is refused (a name taken over, a conversation unknown) is seldom
    /// mended within seconds.</summary>
    public static readonly TimeSpan LongestRefusal = TimeSpan.FromMinutes(1);

    /// <summary>The longest pause before the room for dead letters is looked for again: whoever asks for a replay waits half a minute for it.</summary>
    public static readonly TimeSpan LongestReplayPause = TimeSpan.FromSeconds(15);

    /// <summary>How long a handler is at work before that is told: longer than any call's time limit, so that one that waits for something has given up by then.</summary>
    public static readonly TimeSpan LongHandling = TimeSpan.FromMinutes(1);

    /// <summary>How long a stop takes before it says what it waits for: most handlers end at once.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);

    /// <summary>The pause after an acknowledgement that failed, and its time limit when a host stops.</summary>
    public static readonly TimeSpan AcknowledgePause = TimeSpan.FromSeconds(2);

    /// <summary>Bytes of an error's text in a dead letter, and of a remote error: a sentence, no stack.</summary>
    public const int ErrorBytes = 1024;

    /// <summary>Headers of a message, and bytes of them, as the node limits them.</summary>
    public const int HeaderCount = 64;

    /// <inheritdoc cref="HeaderCount"/>
    public const int HeaderBytes = 16 * 1024;

    /// <summary>How often a message of an outbox is tried where the failure may be its own or the node's. That takes some six minutes, in which a node that fails with all of them
    /// is looked after; then those behind it go on.</summary>
    public const int OutboxFailures = 10;

    /// <summary>How long a health check waits for the node's answer.</summary>
    public static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(5);
}
