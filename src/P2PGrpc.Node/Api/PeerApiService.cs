using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Delivery;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>The unary methods of PeerService as clients see it. Its streams are <see cref="MessageStreamService"/>.</summary>
internal sealed class PeerApiService(Sender sender, Consumers consumers)
    : PeerService.PeerServiceBase
{
    public override Task<SendResponse> Send(SendRequest request, ServerCallContext context)
    {
        // A deadline is a moment of this machine's clock, by which gRPC ends the call, whatever clock the node is given.
        TimeSpan? remaining = context.Deadline == DateTime.MaxValue ? null : context.Deadline - TimeProvider.System.GetUtcNow().UtcDateTime;
        return sender.SendAsync(request, remaining, context.CancellationToken);
    }

    public override Task Link(IAsyncStreamReader<LinkRequest> requestStream, IServerStreamWriter<LinkResponse> responseStream, ServerCallContext context) =>
        throw new NodeRequestException(
            StatusCode.Unimplemented, "LINK_NOT_HERE", "This endpoint is for clients. Nodes link at the address that the other node listens on for peers.");

    public override async Task<AcknowledgeResponse> Acknowledge(AcknowledgeRequest request, ServerCallContext context)
    {
        await consumers.AcknowledgeAsync(request.Consumer, request.Cursor, context.CancellationToken).ConfigureAwait(false);
        return new AcknowledgeResponse();
    }
}
