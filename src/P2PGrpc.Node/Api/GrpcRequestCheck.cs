using Microsoft.AspNetCore.Http;

namespace P2PGrpc.Node.Api;

/// <summary>Lets through what a gRPC client sends and a browser can't make a page send: a POST of content type application/grpc without an Origin (A3). All else is
/// answered with a plain HTTP error: an answer of gRPC's kind has status 200, by which a page's WebSocket over HTTP/2 would count as open.</summary>
internal static class GrpcRequestCheck
{
    private const string ContentType = "application/grpc";

    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (request.Headers.Origin.Count > 0)
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
        else if (!HttpMethods.IsPost(request.Method))
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        else if (!IsGrpc(request.ContentType))
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        else
            return next(context);
        return Task.CompletedTask;
    }

    private static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');
}
