using Grpc.Core;

namespace P2PGrpc.Client;

/// <summary>How a request is made.</summary>
public sealed record RequestSettings
{
    internal static readonly RequestSettings Default = new();

    /// <summary>How long to wait for the reply, the time in which the node is away included. Default: the CallTimeout of the client's options.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Metadata of the gRPC call that hands the request over; see <see cref="SendSettings.Metadata"/>. Default: none.</summary>
    public Metadata? Metadata { get; init; }
}
