using System.Diagnostics;
using System.Reflection;

namespace P2PGrpc.Node.Telemetry;

/// <summary>The spans of nodes. There are none while nobody listens to the source. Thread-safe.</summary>
internal static class NodeActivities
{
    private static readonly ActivitySource Source = new(
        NodeDiagnostics.ActivitySourceName, typeof(NodeActivities).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion);

    public static bool IsHeard => Source.HasListeners();

    /// <summary>The context of whoever called: the innermost activity that somebody records, else what came with the call. Web servers make an activity for each call also where nobody
    /// records it; a span below such a one would hang in the air.</summary>
    public static ActivityContext FindCaller()
    {
        for (var activity = Activity.Current; activity is not null; activity = activity.Parent)
        {
            if (activity.Recorded && activity.Source.HasListeners())
                return activity.Context;
            if (activity.Parent is null && activity.IdFormat == ActivityIdFormat.W3C && activity.ParentSpanId != default)
                return new ActivityContext(activity.TraceId, activity.ParentSpanId, activity.ActivityTraceFlags, activity.TraceStateString, isRemote: true);
        }

        return default;
    }

    /// <summary>An activity that only carries what a call brought with it, where the web server makes none. Null if it brought nothing that can be read.</summary>
    public static Activity? Carry(string? parent, string? state) =>
        ActivityContext.TryParse(parent, state, isRemote: true, out var context)
            ? new Activity("call") { TraceStateString = state }.SetParentId(context.TraceId, context.SpanId, context.TraceFlags).Start()
            : null;

    /// <summary>Begins a span below a context, or without one a trace of its own, whatever the current activity is. Null if nobody wants it.</summary>
    public static Activity? Start(string name, ActivityKind kind, ActivityContext parent, IEnumerable<KeyValuePair<string, object?>> tags, IEnumerable<ActivityLink>? links = null)
    {
        var ambient = Activity.Current;
        if (parent == default)
            Activity.Current = null;
        var started = Source.StartActivity(kind, parent, tags, links, name: name);
        if (started is null)
            Activity.Current = ambient;
        return started;
    }
}
