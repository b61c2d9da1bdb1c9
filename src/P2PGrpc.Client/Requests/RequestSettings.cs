using Grpc.Core;

namespace P2PGrpc.Client;

/// <summary>How a request is made.</summary>
public sealed record RequestSettings
{
    internal static readonly RequestSettings Default = new();

    /// <summary>
    /// How long to wait for the reply, the time in which the node is away included; <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>: for ever. Default: the
    /// CallTimeout of the client's options.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not more than zero, or more than 49 days.</exception>
    public TimeSpan? Timeout { get; init => field = TimeLimit.Check(value); }

    /// <summary>Metadata of the gRPC call that hands the request over; see <see cref="SendSettings.Metadata"/>. Default: none.</summary>
    public Metadata? Metadata { get; init; }
}
