using System.Diagnostics;
using System.Text;

namespace P2PGrpc.Client;

/// <summary>The trace context in the headers of a message, by the names of W3C Trace Context. Only contexts that are recorded are written: a message stays for ever, and a link to what
/// nobody has recorded leads nowhere. Pure but for the current activity.</summary>
internal static class TraceHeaders
{
    public const string Parent = "traceparent";
    public const string State = "tracestate";

    // What the node takes; a trace must not keep a message from being taken.
    private const int MostHeaders = 64;
    private const int MostBytes = 16 * 1024;

    /// <summary>The context under which a message was made; false if its headers name none.</summary>
    public static bool TryRead(IReadOnlyDictionary<string, string> headers, out ActivityContext context)
    {
        context = default;
        return headers.Count > 0
            && headers.TryGetValue(Parent, out var parent)
            && ActivityContext.TryParse(parent, headers.GetValueOrDefault(State), isRemote: true, out context);
    }

    /// <summary>Adds the context of the current activity, if it is recorded and the headers name none.</summary>
    public static void AddCurrent(IDictionary<string, string> headers)
    {
        if (Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } current)
            Add(headers, current);
    }

    /// <summary>Adds the context of an activity, if it is recorded, the headers name none, and there is room for it.</summary>
    public static void Add(IDictionary<string, string> headers, Activity activity)
    {
        if (!activity.Recorded || headers.ContainsKey(Parent) || activity.Id is not { } parent)
            return;
        var used = headers.Sum(header => Encoding.UTF8.GetByteCount(header.Key) + Encoding.UTF8.GetByteCount(header.Value)) + Parent.Length + parent.Length;
        if (headers.Count >= MostHeaders || used > MostBytes)
            return;
        headers[Parent] = parent;
        if (activity.TraceStateString is { Length: > 0 } state && headers.Count < MostHeaders && used + State.Length + Encoding.UTF8.GetByteCount(state) <= MostBytes)
            headers[State] = state;
    }
}
