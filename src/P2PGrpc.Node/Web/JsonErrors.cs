using System.Globalization;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Conversations;
using HttpResponse = Microsoft.AspNetCore.Http.HttpResponse;
using Status = Google.Rpc.Status;

namespace P2PGrpc.Node.Web;

/// <summary>Answers each request that was refused with a google.rpc.Status in JSON and the status of HTTP that stands for it, and counts it. Thread-safe.</summary>
internal sealed class JsonErrors(CallMeter calls, ILogger<JsonErrors> log)
{
    /// <summary>The middleware around all that may refuse.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context).ConfigureAwait(false);
            // What routing refuses, it refuses without a word.
            if (!context.Response.HasStarted && context.Response.ContentType is null && Explain(context) is { } unknown)
                throw unknown;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads an answer any more.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            var (httpStatus, status) = Describe(error, context);
            calls.CountRefused((StatusCode)status.Code, status);
            await WriteAsync(context.Response, httpStatus, status).ConfigureAwait(false);
        }
    }

    private (int HttpStatus, Status Status) Describe(Exception error, HttpContext context)
    {
        switch (error)
        {
            case HttpRefusal refused:
                return (refused.HttpStatus, JsonForm.ToStatus(ErrorMapping.ToRpcException(refused.Error)));
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return (StatusCodes.Status413PayloadTooLarge, Invalid("BODY_TOO_LARGE", $"The body is longer than {WebLimits.RequestBytes} bytes. Send less at once."));
            case BadHttpRequestException malformed:
                return (malformed.StatusCode, Invalid("REQUEST_MALFORMED", $"The request can't be read: {malformed.Message}"));
            case RpcException mapped:
                var status = JsonForm.ToStatus(mapped);
                return (JsonForm.ToHttp(status.Code), status);
            default:
                ApiLog.Failed(log, error, $"{context.Request.Method} {context.GetEndpoint()?.DisplayName}");
                return (StatusCodes.Status500InternalServerError, JsonForm.ToStatus(ErrorMapping.ToRpcException(new NodeRequestException(
                    StatusCode.Internal, "INTERNAL", "Something went wrong in the node; its log says what. Please report it."))));
        }
    }

    private static HttpRefusal? Explain(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => new HttpRefusal(StatusCodes.Status404NotFound, new NodeRequestException(
            StatusCode.NotFound, "PATH_UNKNOWN", "There is nothing at this path; GET /openapi.json tells what there is.")),
        StatusCodes.Status405MethodNotAllowed => new HttpRefusal(StatusCodes.Status405MethodNotAllowed, new NodeRequestException(
            StatusCode.Unimplemented, "VERB_UNKNOWN", $"This path is not called by {context.Request.Method}, but by {context.Response.Headers.Allow}.")),
        _ => null,
    };

    private static Status Invalid(string reason, string message) =>
        JsonForm.ToStatus(ErrorMapping.ToRpcException(new NodeRequestException(StatusCode.InvalidArgument, reason, message)));

    private static Task WriteAsync(HttpResponse response, int httpStatus, Status status)
    {
        response.StatusCode = httpStatus;
        response.ContentType = JsonForm.MediaType;
        foreach (var detail in status.Details)
            if (detail.TryUnpack<RetryInfo>(out var retry))
                response.Headers.RetryAfter = Math.Max(1, retry.RetryDelay.Seconds).ToString(CultureInfo.InvariantCulture);
        return response.WriteAsync(JsonForm.Write(status) + "\n");
    }
}
