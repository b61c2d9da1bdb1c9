using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Web;

/// <summary>The services' methods as requests of HTTP call them. The generated code tells it each method with its types, so that nothing is looked up by reflection:
/// that also works in a program of machine code.</summary>
internal sealed class JsonMethods(ErrorInterceptor errors, CallMeter calls, TimeProvider time) : ServiceBinderBase
{
    private readonly Dictionary<string, Func<IMessage, JsonCall, Task>> handlers = new(StringComparer.Ordinal);

    /// <summary>Answers requests by a rule.</summary>
    /// <exception cref="ArgumentException">The rule's method was not added.</exception>
    public RequestDelegate Serve(HttpRule rule)
    {
        if (!handlers.TryGetValue(rule.FullName, out var handler))
            throw new ArgumentException($"{rule.FullName} is not served.", nameof(rule));
        return async http =>
        {
            var request = await JsonRequest.ReadAsync(http, rule).ConfigureAwait(false);
            Resume(request, http.Request);
            using var call = new JsonCall(http, rule.FullName, time);
            try
            {
                await handler(request, call).ConfigureAwait(false);
            }
            catch (Exception) when (call.IsExpired)
            {
                throw JsonCall.Expired();
            }
        };
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
        handlers[method.FullName] = async (request, call) =>
        {
            var response = await errors.UnaryServerHandler((TRequest)request, call, handler!).ConfigureAwait(false);
            call.Http.Response.ContentType = JsonForm.MediaType;
            await call.Http.Response.WriteAsync(JsonForm.Write((IMessage)response) + "\n", call.CancellationToken).ConfigureAwait(false);
        };

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
        AddStream<TRequest, TResponse>(method.FullName, handler!);

    /// <summary>Adds a stream, in place of one of the same name.</summary>
    public void AddStream<TRequest, TResponse>(string fullName, ServerStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class =>
        handlers[fullName] = async (request, call) =>
        {
            var events = new EventStream<TResponse>(call.Http.Response, call.Time, call.Http.RequestAborted);
            await using (events.ConfigureAwait(false))
            {
                call.SendHeaders = events.StartAsync;
                try
                {
                    await errors.ServerStreamingServerHandler((TRequest)request, events, call, handler).ConfigureAwait(false);
                }
                catch (RpcException error) when (call.Http.Response.HasStarted)
                {
                    var status = JsonForm.ToStatus(call.IsExpired ? JsonCall.Expired() : error);
                    calls.CountRefused((StatusCode)status.Code, status);
                    await events.FailAsync(status).ConfigureAwait(false);
                }
            }
        };

    // Streams of requests have no form here.
    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
    }

    /// <summary>What a reader of events gives when it comes back outranks the query, which is still that of the first time.</summary>
    private static void Resume(IMessage request, HttpRequest http)
    {
        if (request is not SubscribeRequest subscribe || http.Headers["Last-Event-ID"] is not [{ Length: > 0 } place, ..])
            return;
        subscribe.After = EventPlace.Read(place) ?? throw ErrorMapping.ToRpcException(NodeRequestException.Invalid(
            "Last-Event-ID", "The header Last-Event-ID is the id of an event of this node, such as 12.00a1b2c3d4e5f607."));
    }
}
