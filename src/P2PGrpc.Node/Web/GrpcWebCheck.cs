using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using P2PGrpc.Node.Conversations;

namespace P2PGrpc.Node.Web;

/// <summary>Lets the paths of gRPC be called by gRPC-Web only: plain gRPC is the client endpoint's.</summary>
internal static class GrpcWebCheck
{
    /// <exception cref="HttpRefusal">It is something else.</exception>
    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not null
            && context.Request.ContentType?.StartsWith("application/grpc-web", StringComparison.OrdinalIgnoreCase) != true)
            throw new HttpRefusal(StatusCodes.Status415UnsupportedMediaType, new NodeRequestException(
                StatusCode.InvalidArgument, "CONTENT_TYPE", "This path takes gRPC-Web here. gRPC itself is served at the client endpoint, JSON under /v1/."));
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is { Method: var method }
            && HttpRules.LeftOut.TryGetValue($"{method.ServiceName[(method.ServiceName.LastIndexOf('.') + 1)..]}/{method.Name}", out var why)
            && method.Type == MethodType.ServerStreaming)
            throw new HttpRefusal(StatusCodes.Status404NotFound, new NodeRequestException(
                StatusCode.Unimplemented, "PATH_UNKNOWN", $"This method is not served here: {why}."));
        return next(context);
    }
}
