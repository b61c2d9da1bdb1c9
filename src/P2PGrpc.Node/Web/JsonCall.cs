using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Conversations;

namespace P2PGrpc.Node.Web;

/// <summary>A call over HTTP as the services see calls. The header grpc-timeout gives it a deadline, as it does in gRPC: 500m, 10S.</summary>
internal sealed class JsonCall : ServerCallContext, IDisposable
{
    private readonly string method;
    private readonly CancellationTokenSource expiry;
    private readonly CancellationTokenSource ending;

    /// <exception cref="RpcException">INVALID_ARGUMENT: grpc-timeout is none.</exception>
    public JsonCall(HttpContext http, string method, TimeProvider time)
    {
        Http = http;
        this.method = method;
        Time = time;
        DeadlineCore = DateTime.MaxValue;
        expiry = new CancellationTokenSource();
        if (http.Request.Headers["grpc-timeout"] is [{ } text, ..])
        {
            var timeout = ReadTimeout(text);
            DeadlineCore = time.GetUtcNow().UtcDateTime + timeout;
            expiry = new CancellationTokenSource(timeout, time);
        }

        ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, expiry.Token);
    }

    public HttpContext Http { get; }

    public TimeProvider Time { get; }

    /// <summary>What is to happen when a service wants the headers out before it has anything to say.</summary>
    public Func<Task> SendHeaders { get; set; } = () => Task.CompletedTask;

    /// <summary>True: the caller's time is over.</summary>
    public bool IsExpired => expiry.IsCancellationRequested && !Http.RequestAborted.IsCancellationRequested;

    protected override string MethodCore => method;

    protected override string HostCore => Http.Request.Host.Value ?? "";

    protected override string PeerCore => Http.Connection.RemoteIpAddress?.ToString() ?? "";

    protected override DateTime DeadlineCore { get; }

    protected override Metadata RequestHeadersCore { get; } = [];

    protected override CancellationToken CancellationTokenCore => ending.Token;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore { get; } = new(null, []);

    /// <summary>What a call ends with whose time is over.</summary>
    public static RpcException Expired() => ErrorMapping.ToRpcException(new NodeRequestException(
        StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED", "The time that grpc-timeout gave is over. What was accepted stays so: try again with the same message_id."));

    public void Dispose()
    {
        ending.Dispose();
        expiry.Dispose();
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => SendHeaders();

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Calls are not passed on.");

    private static TimeSpan ReadTimeout(string text)
    {
        var perUnit = text.Length is > 1 and <= 9
            ? text[^1] switch
            {
                'H' => TimeSpan.TicksPerHour,
                'M' => TimeSpan.TicksPerMinute,
                'S' => TimeSpan.TicksPerSecond,
                'm' => TimeSpan.TicksPerMillisecond,
                'u' => TimeSpan.TicksPerMicrosecond,
                _ => 0,
            }
            : 0;
        if (perUnit == 0 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            throw ErrorMapping.ToRpcException(NodeRequestException.Invalid(
                "grpc-timeout", "The header grpc-timeout is a number of at most 8 digits and a unit: H, M, S, m (milliseconds) or u, such as 500m."));
        return TimeSpan.FromTicks(Math.Min(count * perUnit, WebLimits.LongestTimeout.Ticks));
    }
}
