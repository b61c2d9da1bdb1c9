using Grpc.Core;

namespace P2PGrpc.Client;

/// <summary>How a message is sent. The defaults are those of a message that must arrive.</summary>
public sealed record SendSettings
{
    internal static readonly SendSettings Default = new();

    /// <summary>
    /// Whether to wait until the message is on the recipient's disk. The wait ends a little before the timeout; the receipt
    /// then says Accepted, and the message is delivered later. Not for ephemeral messages and not in SendManyAsync. Default: no.
    /// </summary>
    public bool WaitForDelivery { get; init; }

    /// <summary>
    /// Whether the message is never stored: it arrives at most once, and only if the peer is linked now. It is not sent
    /// a second time, whatever happens. Default: no.
    /// </summary>
    public bool Ephemeral { get; init; }

    /// <summary>
    /// The time limit of the call with all its retries; <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>: none. Default: that of the client's options. Not
    /// used by SendManyAsync.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not more than zero, or more than 49 days.</exception>
    public TimeSpan? Timeout { get; init => field = TimeLimit.Check(value); }

    /// <summary>
    /// Metadata of the gRPC call, which interceptors and the node's endpoint see. It is no part of the message: what the recipient shall see goes into
    /// <see cref="OutgoingMessage.Headers"/>. It must not be changed before the call is answered. Not used by SendManyAsync. Default: none.
    /// </summary>
    public Metadata? Metadata { get; init; }
}
