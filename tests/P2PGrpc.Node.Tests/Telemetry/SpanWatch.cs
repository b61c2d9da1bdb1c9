using System.Collections.Concurrent;
using System.Diagnostics;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>Records the spans of one trace, and those that link to it, as an exporter in memory would; those of other tests it leaves alone.</summary>
internal sealed class SpanWatch : IDisposable
{
    private readonly ActivityListener listener;
    private readonly ConcurrentQueue<Activity> ended = new();

    public SpanWatch()
    {
        TraceId = ActivityTraceId.CreateRandom();
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "P2PGrpc.Node" or "P2PGrpc.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == TraceId || options.Links?.Any(link => link.Context.TraceId == TraceId) == true
                    ? ActivitySamplingResult.AllDataAndRecorded
                    : ActivitySamplingResult.None,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
    }

    public ActivityTraceId TraceId { get; }

    /// <summary>The spans that have ended.</summary>
    public IReadOnlyList<Activity> Ended => [.. ended];

    public Activity Find(string source, string name, Func<Activity, bool>? condition = null) =>
        ended.Single(span => span.Source.Name == source && span.DisplayName == name && condition?.Invoke(span) != false);

    /// <summary>Begins what a caller does in this trace; it is the current activity until it is disposed.</summary>
    public Activity Begin(bool recorded = true) =>
        new Activity("a caller").SetParentId(TraceId, ActivitySpanId.CreateRandom(), recorded ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None).Start();

    public void Dispose() => listener.Dispose();
}
