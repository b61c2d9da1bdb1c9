namespace P2PGrpc.Node.Web;

/// <summary>Limits of the web endpoint, each with its reason.</summary>
internal static class WebLimits
{
    /// <summary>Bytes of one request's body: a message of 128 KiB of which every character is written as an escape of six, and its headers.</summary>
    public const int RequestBytes = 1024 * 1024;

    /// <summary>Connections at one time: pages and scripts of one owner. Over HTTP/1.1 each stream takes one.</summary>
    public const int Connections = 512;

    /// <summary>Calls at one time on one connection of HTTP/2.</summary>
    public const int StreamsPerConnection = 100;

    /// <summary>Messages nested in each other: the deepest of ours has four.</summary>
    public const int Depth = 16;

    /// <summary>The longest that a caller may give a call: as long as gRPC allows would overflow timers.</summary>
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(1);

    /// <summary>The time between two comments on a stream: proxies and browsers give up a connection that is silent for a minute or less.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <summary>A reader that takes less than this of what is waiting for it, for as long as <see cref="ReaderPatience"/>, is cut: it goes on by Last-Event-ID.</summary>
    public const double ReaderBytesPerSecond = 240;

    /// <summary>How long a reader may stand still: a page in the background is slowed down for some seconds, not for a minute.</summary>
    public static readonly TimeSpan ReaderPatience = TimeSpan.FromMinutes(1);
}
