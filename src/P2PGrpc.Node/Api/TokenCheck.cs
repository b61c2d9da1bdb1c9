using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Api;

/// <summary>Lets calls through that come over the Unix socket, or carry the token. Runs before any call is read.</summary>
internal sealed class TokenCheck(string? token, ReasonCounts refused)
{
    private const string Scheme = "Bearer ";
    public const string Reason = "TOKEN_MISSING";

    private readonly byte[]? expected = token is null ? null : Encoding.ASCII.GetBytes(token);

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (expected is null || context.Features.Get<UnixSocketMark>() is not null || HoldsToken(context))
        {
            context.Features.Get<ConnectionStanding>()?.Prove();
            await next(context).ConfigureAwait(false);
            return;
        }

        refused.Add(Reason);
        var error = ErrorMapping.ToRpcException(new NodeRequestException(StatusCode.Unauthenticated, Reason, Explain(context)));

        // A gRPC error without a body: status and details go as headers, which gRPC calls a trailers-only response.
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["grpc-status"] = ((int)error.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        // Printable ASCII without a percent sign, which gRPC leaves as it is.
        context.Response.Headers["grpc-message"] = error.Status.Detail;
        foreach (var entry in error.Trailers)
            if (entry.IsBinary)
                context.Response.Headers[entry.Key] = Convert.ToBase64String(entry.ValueBytes);
    }

    /// <summary>True if the request carries the token.</summary>
    public bool HoldsToken(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return expected is not null
            && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim()), expected);
    }

    /// <summary>What to tell whoever did not give it.</summary>
    public static string Explain(HttpContext context) =>
        (context.Request.Headers.Authorization.Count == 0 ? "This endpoint needs the header 'authorization: Bearer TOKEN'" : "The token in the header 'authorization' is not this node's")
        + "; the right one stands in the file api.token in the node's data directory.";
}

/// <summary>Marks connections that came over the Unix socket, where the file's mode is the guard.</summary>
internal sealed class UnixSocketMark
{
    public static UnixSocketMark Instance { get; } = new();
}
