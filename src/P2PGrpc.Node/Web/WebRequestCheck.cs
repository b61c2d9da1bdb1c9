using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Conversations;

namespace P2PGrpc.Node.Web;

/// <summary>Who gets through to the web endpoint: a request that was sent to one of the node's own names, of no page or of one whose origin the owner has listed,
/// and with the token. The token is always needed, but where a browser asks whether a page may call at all. Thread-safe.</summary>
/// <param name="tokens">Knows the token.</param>
/// <param name="origins">Those that may call, such as https://app.example.</param>
/// <param name="isOwnName">True for a name in the node's certificate.</param>
internal sealed class WebRequestCheck(TokenCheck tokens, IReadOnlyCollection<string> origins, Func<string, bool> isOwnName)
{
    private const string Verbs = "GET, POST, DELETE";
    private const string SentHeaders = "authorization, content-type, last-event-id, grpc-timeout, x-grpc-web, x-user-agent, traceparent, tracestate";
    private const string ReadHeaders = "grpc-status, grpc-message, grpc-status-details-bin, retry-after";

    /// <summary>Seconds for which a browser may remember that it may call.</summary>
    private const string RememberFor = "600";

    /// <exception cref="HttpRefusal">It does not get through.</exception>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        CheckHost(context.Request.Host.Host);
        if (context.Request.Headers.Origin is { Count: > 0 } origin)
        {
            headers.Vary = "Origin";
            if (origin is not [{ } single] || !origins.Contains(single, StringComparer.Ordinal))
                throw Refused(StatusCodes.Status403Forbidden, StatusCode.PermissionDenied, "ORIGIN_REFUSED",
                    $"Pages of {origin} may not call this node. Its owner lists those that may by --web-origin.");
            headers.AccessControlAllowOrigin = single;
            headers.AccessControlExposeHeaders = ReadHeaders;
            if (HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.AccessControlRequestMethod.Count > 0)
                return Allow(context);
        }

        if (!tokens.HoldsToken(context))
        {
            headers.WWWAuthenticate = "Bearer";
            throw Refused(StatusCodes.Status401Unauthorized, StatusCode.Unauthenticated, TokenCheck.Reason, TokenCheck.Explain(context));
        }

        context.Features.Get<ConnectionStanding>()?.Prove();
        return next(context);
    }

    /// <summary>A page that has its own name lead to this node's address (DNS rebinding) is of the same origin for its browser, and sends no Origin then.
    /// An address can't be led elsewhere.</summary>
    private void CheckHost(string host)
    {
        if (host != "localhost" && !IPAddress.TryParse(host.Trim('[', ']'), out _) && !isOwnName(host))
            throw Refused(StatusCodes.Status421MisdirectedRequest, StatusCode.PermissionDenied, "HOST_UNKNOWN",
                $"This node is not called '{host}'. Call it by its address, by localhost, or by a name in its certificate.");
    }

    private static Task Allow(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowMethods = Verbs;
        headers.AccessControlAllowHeaders = SentHeaders;
        headers.AccessControlMaxAge = RememberFor;
        // Chromium asks for this before it lets a page of the internet call an address of this machine or network.
        if (context.Request.Headers.ContainsKey("Access-Control-Request-Private-Network"))
            headers["Access-Control-Allow-Private-Network"] = "true";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static HttpRefusal Refused(int httpStatus, StatusCode status, string reason, string message) =>
        new(httpStatus, new NodeRequestException(status, reason, message));
}
