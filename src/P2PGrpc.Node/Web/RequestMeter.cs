using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Web;

/// <summary>Measures the requests to the web endpoint by the conventions for HTTP, whatever becomes of them, and carries the trace that a request brings. The outermost
/// middleware. Thread-safe.</summary>
internal sealed class RequestMeter(Histogram<double> durations, TimeProvider time)
{
    /// <summary>Stands for all verbs that the conventions don't list: whoever calls can make up as many as it likes.</summary>
    private const string OtherVerb = "_OTHER";

    private static readonly FrozenSet<string> Verbs = FrozenSet.Create(
        StringComparer.Ordinal, "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var startedAt = time.GetTimestamp();
        var headers = context.Request.Headers;
        using var carried = Activity.Current is null && headers.TraceParent.Count > 0 ? NodeActivities.Carry(headers.TraceParent, headers.TraceState) : null;
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            if (durations.Enabled)
                durations.Record(time.GetElapsedTime(startedAt).TotalSeconds, Describe(context));
        }
    }

    private static TagList Describe(HttpContext context)
    {
        var request = context.Request;
        var tags = new TagList
        {
            { "http.request.method", Verbs.TryGetValue(request.Method, out var verb) ? verb : OtherVerb },
            { "url.scheme", request.IsHttps ? "https" : "http" },
        };
        // What leads nowhere has no route: its path is the caller's.
        if (context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route })
            tags.Add("http.route", route);
        // Who hung up before there was an answer got no status.
        if (context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted)
            return tags;
        var status = context.Response.StatusCode;
        tags.Add("http.response.status_code", status);
        if (status >= StatusCodes.Status500InternalServerError)
            tags.Add("error.type", status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return tags;
    }
}
