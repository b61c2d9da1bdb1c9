using System.Diagnostics;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Conversations;

/// <summary>The spans of messages that this node takes in and hands out, by the conventions for messaging. Thread-safe.</summary>
internal static class MessageSpans
{
    /// <summary>For how long after it was written what is done with a message belongs to the trace in which it was written. Later it has a trace of its own, with a link: the first
    /// one is closed, and has been shipped and sampled, by then.</summary>
    public static readonly TimeSpan SameTrace = TimeSpan.FromMinutes(1);

    /// <summary>Begins the span of taking in a message, and marks the message with it, or with its caller's, so that its recipient can tell where it comes from. Only contexts that
    /// are recorded leave a mark, and one that the author has given stays.</summary>
    /// <returns>Null if nobody wants it.</returns>
    public static Activity? Accept(IDictionary<string, string> headers, string kind)
    {
        var caller = NodeActivities.FindCaller();
        var isMarked = TraceHeaders.TryRead(headers, out var creation);
        Activity? span = null;
        if (NodeActivities.IsHeard)
            span = NodeActivities.Start(
                $"accept {kind}", isMarked ? ActivityKind.Internal : ActivityKind.Producer, FindParent(caller, creation), Tags("accept", "send", kind),
                isMarked ? [new ActivityLink(creation)] : null);
        var context = span is { Recorded: true } ? span.Context : caller;
        if (context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) && !headers.ContainsKey(TraceHeaders.Parent))
            TraceHeaders.Add(headers, context, ContentLimits.HeaderCount, ContentLimits.HeaderLength);
        return span;
    }

    /// <summary>Where the message was written in the trace of its call, that is its parent: between the two there may be spans of a transport that nobody records.</summary>
    private static ActivityContext FindParent(ActivityContext caller, ActivityContext creation) =>
        caller == default || caller.TraceId == creation.TraceId ? creation : caller;

    /// <summary>Begins the span of taking in a batch, where its caller is recorded.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="kind">The kind of its conversation.</param>
    /// <param name="mark">What its messages are marked with, unless their authors have done so: the span, or the caller. None where nothing is recorded.</param>
    /// <returns>Null if nobody wants it.</returns>
    public static Activity? AcceptBatch(OutgoingBatch batch, string kind, out ActivityContext mark)
    {
        mark = NodeActivities.FindCaller();
        if (!mark.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
            mark = default;
        if (mark == default || !NodeActivities.IsHeard)
            return null;
        var isMarked = batch.Messages.All(message => message.Content?.Headers.ContainsKey(TraceHeaders.Parent) == true);
        var span = NodeActivities.Start($"accept {kind}", isMarked ? ActivityKind.Internal : ActivityKind.Producer, mark, Tags("accept", "send", kind));
        span?.SetTag("messaging.batch.message_count", batch.Messages.Count);
        if (span is { Recorded: true })
            mark = span.Context;
        return span;
    }

    /// <summary>Marks a copy of a message of a batch. Without a mark, and where its author has given one, it stays as it came, and need not be parsed.</summary>
    public static OutgoingContent Mark(OutgoingContent message, ActivityContext mark)
    {
        if (mark == default || message.Content?.Headers.ContainsKey(TraceHeaders.Parent) == true)
            return message;
        var content = message.Content?.Clone() ?? Content.Parser.ParseFrom(message.Encoded.Span);
        TraceHeaders.Add(content.Headers, mark, ContentLimits.HeaderCount, ContentLimits.HeaderLength);
        return new OutgoingContent(default, content);
    }

    /// <summary>A span of handing out a message: below that of its sending while that is young, and with a link to it in any case.</summary>
    public static void Deliver(ActivityContext creation, string kind, string reference, TimeSpan age)
    {
        var ambient = Activity.Current;
        using (var span = NodeActivities.Start(
            $"deliver {kind}", ActivityKind.Internal, age <= SameTrace ? creation : default, Tags("deliver", "receive", kind), [new ActivityLink(creation)]))
            span?.SetTag("messaging.message.id", reference);
        Activity.Current = ambient;
    }

    /// <summary>Notes that what the span stands for was refused.</summary>
    public static void Fail(Activity? span, NodeRequestException refused)
    {
        span?.SetTag("error.type", refused.Reason);
        span?.SetStatus(ActivityStatusCode.Error);
    }

    private static IEnumerable<KeyValuePair<string, object?>> Tags(string operation, string type, string kind) =>
    [
        new("messaging.system", "p2pgrpc"),
        new("messaging.operation.name", operation),
        new("messaging.operation.type", type),
        new("messaging.destination.template", kind),
    ];
}
