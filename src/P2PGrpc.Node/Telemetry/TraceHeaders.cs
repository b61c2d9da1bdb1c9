using System.Diagnostics;
using System.Text;
using Google.Protobuf;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Telemetry;

/// <summary>The trace context in the headers of a message, by the names of W3C Trace Context. Pure.</summary>
internal static class TraceHeaders
{
    public const string Parent = "traceparent";
    public const string State = "tracestate";

    private static bool IsTrace(string name) => name is Parent or State;

    /// <summary>A message as it is compared where its message_id is used again: a repetition is the same one, whatever trace it is a part of. Null where it names none, so that all of it counts.</summary>
    public static ReadOnlyMemory<byte>? Without(Content content)
    {
        if (!content.Headers.Keys.Any(IsTrace))
            return null;
        var rest = content.Clone();
        rest.Headers.Remove(Parent);
        rest.Headers.Remove(State);
        return rest.ToByteArray();
    }

    /// <summary>The context under which a message was made; false if its headers name none.</summary>
    public static bool TryRead(IDictionary<string, string> headers, out ActivityContext context)
    {
        context = default;
        return headers.Count > 0
            && headers.TryGetValue(Parent, out var parent)
            && ActivityContext.TryParse(parent, headers.TryGetValue(State, out var state) ? state : null, isRemote: true, out context);
    }

    /// <summary>Adds a context to headers that name none, if there is room for it: a trace must not keep a message from being taken.</summary>
    /// <param name="headers">What the caller gave, within the limits.</param>
    /// <param name="context">The context.</param>
    /// <param name="most">How many headers a message may have.</param>
    /// <param name="length">How many bytes their names and values may have together.</param>
    public static void Add(IDictionary<string, string> headers, ActivityContext context, int most, int length)
    {
        var parent = $"00-{context.TraceId.ToHexString()}-{context.SpanId.ToHexString()}-{(context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? "01" : "00")}";
        var used = headers.Sum(header => Encoding.UTF8.GetByteCount(header.Key) + Encoding.UTF8.GetByteCount(header.Value)) + Parent.Length + parent.Length;
        if (headers.Count >= most || used > length)
            return;
        headers[Parent] = parent;
        if (context.TraceState is { Length: > 0 } state && headers.Count < most && used + State.Length + Encoding.UTF8.GetByteCount(state) <= length)
            headers[State] = state;
    }
}
