using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Api;

/// <summary>Measures the calls of clients by the conventions for RPC, and counts those that were refused by their reasons. To stand around whatever maps errors. Thread-safe.</summary>
internal sealed class CallMeter(Histogram<double> durations, TimeProvider time) : Interceptor
{
    /// <summary>The names of states as gRPC writes them: NOT_FOUND.</summary>
    private static readonly Dictionary<StatusCode, string> Names = Enum.GetValues<StatusCode>().ToDictionary(
        status => status, status => status == StatusCode.OK ? "OK" : LabelText.Of(status).ToUpperInvariant());

    /// <summary>What is refused before it is a call, and what clients are refused, by reason.</summary>
    public ReasonCounts Refused { get; } = new("TOKEN_MISSING", "STORE_FULL", "STORE_HALTED", "INTERNAL");

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var response = default(TResponse);
        await MeasureAsync(context, async () => response = await continuation(request, context).ConfigureAwait(false)).ConfigureAwait(false);
        return response!;
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        MeasureAsync(context, () => continuation(request, responseStream, context));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        MeasureAsync(context, () => continuation(requestStream, responseStream, context));

    /// <summary>Counts a call that was refused, by the reason in its error.</summary>
    public void CountRefused(StatusCode status, Google.Rpc.Status? error)
    {
        // Who hangs up, or gave no more time, was not refused.
        if (status is not (StatusCode.Cancelled or StatusCode.DeadlineExceeded))
            Refused.Add(error?.GetDetail<Google.Rpc.ErrorInfo>()?.Reason is { Length: > 0 } reason ? reason : ReasonCounts.Other);
    }

    private async Task MeasureAsync(ServerCallContext context, Func<Task> call)
    {
        var startedAt = time.GetTimestamp();
        var headers = context.GetHttpContext().Request.Headers;
        using var carried = Activity.Current is null && headers.TraceParent.Count > 0 ? NodeActivities.Carry(headers.TraceParent, headers.TraceState) : null;
        try
        {
            await call().ConfigureAwait(false);
            Record(context, startedAt, context.Status.StatusCode);
        }
        catch (RpcException refused)
        {
            CountRefused(refused.StatusCode, refused.GetRpcStatus());
            Record(context, startedAt, refused.StatusCode);
            throw;
        }
    }

    private void Record(ServerCallContext context, long startedAt, StatusCode status)
    {
        if (!durations.Enabled)
            return;
        var name = Names.GetValueOrDefault(status, "UNKNOWN");
        // Only methods that exist come this far.
        var tags = new TagList { { "rpc.system.name", "grpc" }, { "rpc.method", context.Method[1..] }, { "rpc.response.status_code", name } };
        if (status != StatusCode.OK)
            tags.Add("error.type", name);
        durations.Record(time.GetElapsedTime(startedAt).TotalSeconds, tags);
    }
}
