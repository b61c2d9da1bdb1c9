namespace P2PGrpc.Node.Conversations;

/// <summary>What one message may be, each limit with its reason.</summary>
internal static class ContentLimits
{
    /// <summary>Bytes of text or data: with headers and all it stays well below a segment's body.</summary>
    public const int BodyLength = 128 * 1024;

    /// <summary>Bytes of a content type: media types and Protobuf names are shorter.</summary>
    public const int ContentTypeLength = 255;

    /// <summary>Headers of a message: they are for tracing and correlation, not for content.</summary>
    public const int HeaderCount = 64;

    /// <summary>Bytes of all names and values of headers together.</summary>
    public const int HeaderLength = 16 * 1024;

    /// <summary>Bytes of a message id: it is kept in an index for a week.</summary>
    public const int MessageIdLength = 128;

    /// <summary>Messages of one batch: as many as a segment has entries.</summary>
    public const int BatchCount = 4096;

    /// <summary>Bytes of one batch: several segments, and still little memory a caller.</summary>
    public const int BatchLength = 1024 * 1024;

    /// <summary>Frames of ephemeral messages that wait for one subscriber: 16 MiB of the 64 KiB that nodes put into one, and all subscribers share the bytes.</summary>
    public const int WaitingEphemerals = 256;

    /// <summary>The longest wait for delivery.</summary>
    public static readonly TimeSpan DeliveryWait = TimeSpan.FromSeconds(30);

    /// <summary>How long before the caller's deadline the wait ends, so that the answer still reaches a caller that is slow: a tenth of what it waits, 0.1 s at least and
    /// 1 s at most.</summary>
    public static TimeSpan DeadlineMargin(TimeSpan wait) =>
        TimeSpan.FromMilliseconds(Math.Clamp(wait.TotalMilliseconds / 10, 100, 1000));

    /// <summary>How long a Send may take to learn who is at an address.</summary>
    public static readonly TimeSpan Discovery = TimeSpan.FromSeconds(5);
}
