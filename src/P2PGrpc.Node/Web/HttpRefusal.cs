using P2PGrpc.Node.Conversations;

namespace P2PGrpc.Node.Web;

/// <summary>A request that is wrong as HTTP, before any method sees it.</summary>
/// <param name="httpStatus">What it is answered by.</param>
/// <param name="error">The same in gRPC's terms.</param>
internal sealed class HttpRefusal(int httpStatus, NodeRequestException error) : Exception(error.Message)
{
    public int HttpStatus { get; } = httpStatus;

    public NodeRequestException Error { get; } = error;
}
