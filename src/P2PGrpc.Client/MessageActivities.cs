using System.Diagnostics;
using System.Reflection;

namespace P2PGrpc.Client;

/// <summary>
/// The spans of messages, by the conventions of OpenTelemetry for messaging. <see cref="P2PGrpcClient.SendAsync(string, OutgoingMessage, SendSettings?, CancellationToken)"/>
/// makes one and writes its context into the message's headers (traceparent, tracestate); who handles messages makes the other by <see cref="StartProcess"/>. All members may be used by many
/// threads at once, and do nothing while nobody listens to the source.
/// </summary>
public static class MessageActivities
{
    /// <summary>The name of the <see cref="ActivitySource"/>, and of the meter, for <c>AddSource</c> and <c>AddMeter</c> of OpenTelemetry.</summary>
    public const string SourceName = "P2PGrpc.Client";

    internal const string SystemName = "p2pgrpc";

    // Later the trace in which the message was written is closed, and has been shipped and sampled.
    private static readonly TimeSpan SameTrace = TimeSpan.FromMinutes(1);

    internal static readonly string? Version = typeof(MessageActivities).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

    // After the version, which it takes.
    private static readonly ActivitySource Source = new(SourceName, Version);

    /// <summary>
    /// Begins the span of handling a message, "process direct", "process room" or "process self"; dispose it when the message is handled. It has a link to the span in which the message was
    /// written, if that was recorded. Within a minute of that it is also its child, so that both stand in one trace; later it belongs to the current activity, or begins a trace of its own: a
    /// message may have been under way for days.
    /// </summary>
    /// <param name="message">The message that is about to be handled.</param>
    /// <param name="time">The clock by which the message's age is told; null: the system's. Only the form of the trace depends on it.</param>
    /// <returns>The span, which is the current activity then; null if nobody wants it.</returns>
    public static Activity? StartProcess(ReceivedMessage message, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (!Source.HasListeners())
            return null;
        var isTraced = TraceHeaders.TryRead(message.Headers, out var creation) && creation.TraceFlags.HasFlag(ActivityTraceFlags.Recorded);
        var isYoung = isTraced && (time ?? TimeProvider.System).GetUtcNow() - message.Time <= SameTrace;
        var kind = message.Room.Length > 0 ? "room" : message.Peer == "self" ? "self" : "direct";
        var activity = Source.StartActivity(
            ActivityKind.Consumer, isYoung ? creation : default, Tags("process", "process", kind), isTraced ? [new ActivityLink(creation)] : null, name: $"process {kind}");
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("messaging.destination.name", message.Room.Length > 0 ? message.Room : message.Peer);
            activity.SetTag("messaging.message.id", message.Reference);
            if (message.Headers.TryGetValue("correlation-id", out var correlation))
                activity.SetTag("messaging.message.conversation_id", correlation);
        }

        return activity;
    }

    /// <summary>Adds the handling of one message to the metric messaging.process.duration.</summary>
    /// <param name="took">How long it took.</param>
    /// <param name="fault">What ended it early; null if nothing did.</param>
    public static void RecordProcessed(TimeSpan took, Exception? fault = null) => ClientMetrics.RecordProcessing(took, fault);

    internal static Activity? StartSend(string to)
    {
        if (!Source.HasListeners())
            return null;
        var kind = to.StartsWith('#') ? "room" : to == "self" ? "self" : "direct";
        var activity = Source.StartActivity(ActivityKind.Producer, parentContext: default, Tags("send", "send", kind), name: $"send {kind}");
        activity?.SetTag("messaging.destination.name", to);
        return activity;
    }

    private static IEnumerable<KeyValuePair<string, object?>> Tags(string operation, string type, string kind) =>
    [
        new("messaging.system", SystemName),
        new("messaging.operation.name", operation),
        new("messaging.operation.type", type),
        new("messaging.destination.template", kind),
    ];
}
