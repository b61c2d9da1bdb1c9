using Grpc.Core;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Conversations;

/// <summary>A request that can't be carried out. The message is one or two sentences that say why and what to do.</summary>
public sealed class NodeRequestException(StatusCode status, string reason, string message) : Exception(message)
{
    /// <summary>The kind of error, in gRPC's terms.</summary>
    public StatusCode Status { get; } = status;

    /// <summary>A stable upper-case name for programs, such as PEER_UNKNOWN.</summary>
    public string Reason { get; } = reason;

    /// <summary>The field of the request that is wrong, if one is.</summary>
    public string? Field { get; init; }

    /// <summary>What was not found or exists already, if that is the error: a peer's name, a message id.</summary>
    public string? Resource { get; init; }

    /// <summary>When trying again makes sense, if it does.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>For what could not be stored.</summary>
    /// <param name="failed">Why.</param>
    /// <param name="what">What could not be done, in front of it: words that end with a colon.</param>
    internal static NodeRequestException OfStore(StoreException failed, string? what = null)
    {
        var full = failed.Failure == StoreFailure.Full;
        return new NodeRequestException(
            full ? StatusCode.ResourceExhausted : StatusCode.Unavailable,
            full ? "STORE_FULL" : "STORE_HALTED",
            what is null ? failed.Message : $"{what} {failed.Message}")
        {
            RetryAfter = TimeSpan.FromSeconds(5),
        };
    }

    internal static NodeRequestException Invalid(string field, string message) =>
        new(StatusCode.InvalidArgument, "INVALID_FIELD", message) { Field = field };
}
