using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>What a node offers to other nodes: PeerService.Link and nothing else. All other methods answer UNIMPLEMENTED.</summary>
internal sealed partial class LinkService(
    Func<IFrameConnection, CancellationToken, Task> serve, ILogger<LinkService> logger, CancellationToken stopping)
{
    public async Task LinkAsync(IAsyncStreamReader<InboundFrame> reader, IServerStreamWriter<Frame> writer, ServerCallContext call)
    {
        var http = call.GetHttpContext();
        if (!CertificatePolicy.TryRead(http.Connection.ClientCertificate, null, out var peer, out var keyInfo, out var fault))
            throw new RpcException(new Status(StatusCode.Unauthenticated, fault));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, stopping);
        await using var connection = new ServedConnection(http, reader, writer, peer, keyInfo);
        try
        {
            await serve(connection, ending.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or WireException)
        {
            // The other side went away, or this node stops: the usual ends of a link.
        }
        catch (Exception error)
        {
            // Whatever it is, it must end this link only; the framework would log it for every stranger anew.
            LogFailure(connection.RemoteAddress, error);
        }
    }

    [LoggerMessage(1702, LogLevel.Error, "The link with {Address} failed.")]
    private partial void LogFailure(string address, Exception error);
}

/// <summary>Tells gRPC about Link with marshallers of our own; the generated base class would bring the generated ones, and all other
/// methods.</summary>
internal sealed class LinkServiceMethods : IServiceMethodProvider<LinkService>
{
    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<LinkService> context) =>
        context.AddDuplexStreamingMethod(
            LinkMethod.Served, [], static (service, reader, writer, call) => service.LinkAsync(reader, writer, call));
}
