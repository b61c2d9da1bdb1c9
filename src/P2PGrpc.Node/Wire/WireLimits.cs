namespace P2PGrpc.Node.Wire;

/// <summary>The limits of connections between nodes. The defaults are those of a node; tests make their own.</summary>
internal sealed record WireLimits
{
    /// <summary>Connections from other nodes at once, strangers included. An idle one costs about 100 KB.</summary>
    public int Connections { get; init; } = 512;

    /// <summary>Streams a connection: a link is one, and the rest is for a dialler that gives up on one and tries again.</summary>
    public int StreamsPerConnection { get; init; } = 4;

    /// <summary>Bytes that may wait unread on one stream. About half of a link's credit, so that the link stays busy over a distance
    /// (at 100 ms round trip 20 MB/s), while 64 strangers that send before they are admitted can't take more than 128 MiB.</summary>
    public int StreamWindow { get; init; } = 2 * 1024 * 1024;

    /// <summary>Bytes that may wait unread on one connection: one link's worth, so more streams win nothing.</summary>
    public int ConnectionWindow { get; init; } = 2 * 1024 * 1024;

    /// <summary>Bytes of all headers of a request or response. A Link call has some 300.</summary>
    public int HeaderBytes { get; init; } = 8 * 1024;

    /// <summary>Headers of a request. A Link call has about ten.</summary>
    public int HeaderCount { get; init; } = 32;

    /// <summary>How long a TLS handshake may take: several round trips of a slow connection, and an answer to handshakes left open on
    /// purpose.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection may stay without a call, and a call without its headers: a node opens its Link at once.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the other side may take to read the last frames of its link and to hang up, before its connection is closed.</summary>
    public TimeSpan Parting { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a dial may take, from the name's look-up to the other side's first frame.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The interval of HTTP/2 pings and the wait for their answers. Only a help: the link's own heartbeat decides whether it
    /// lives.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Bytes a second that a reader must take while something waits for it, after <see cref="SlowReaderGrace"/>.
    /// Holds no honest link back, and gets rid of those that never read.</summary>
    public double SlowReaderRate { get; init; } = 1024;

    /// <summary>How long a reader may take nothing at all: longer than the link's heartbeat needs to notice.</summary>
    public TimeSpan SlowReaderGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The shortest time between two log lines of one category about what others do (V2).</summary>
    public TimeSpan LogInterval { get; init; } = TimeSpan.FromSeconds(10);
}
