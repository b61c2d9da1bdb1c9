using System.Diagnostics;

namespace P2PGrpc.Client;

/// <summary>One operation as traces and metrics see it: from its beginning to being disposed. For one caller.</summary>
internal readonly struct ClientOperation : IDisposable
{
    private readonly string name;
    private readonly string type;
    private readonly TimeProvider time;
    private readonly long startedAt;
    private readonly Activity? activity;

    private ClientOperation(string name, string type, Activity? activity, TimeProvider time)
    {
        this.name = name;
        this.type = type;
        this.activity = activity;
        this.time = time;
        startedAt = time.GetTimestamp();
    }

    /// <summary>Begins to send, with a span if somebody wants it, and marks the message with that, or with the current activity.</summary>
    public static ClientOperation BeginSend(string to, IDictionary<string, string> headers, TimeProvider time)
    {
        var activity = MessageActivities.StartSend(to);
        if (activity is not null)
            TraceHeaders.Add(headers, activity);
        else
            TraceHeaders.AddCurrent(headers);
        return new ClientOperation("send", "send", activity, time);
    }

    public static ClientOperation BeginAcknowledge(TimeProvider time) => new("ack", "settle", null, time);

    /// <param name="sent">Messages that were handed over.</param>
    /// <param name="reference">The message's reference, if it has one.</param>
    public void Succeed(int sent = 0, string reference = "")
    {
        if (reference.Length > 0)
            activity?.SetTag("messaging.message.id", reference);
        Record(sent, null);
    }

    /// <param name="sent">Messages that should have been handed over.</param>
    /// <param name="fault">Why they were not, or it is unknown.</param>
    public void Fail(int sent, Exception fault)
    {
        activity?.SetTag("error.type", ClientMetrics.Name(fault));
        activity?.SetStatus(ActivityStatusCode.Error);
        Record(sent, fault);
    }

    public void Dispose() => activity?.Dispose();

    private void Record(int sent, Exception? fault)
    {
        ClientMetrics.CountSent(sent, fault);
        if (ClientMetrics.MeasuresOperations)
            ClientMetrics.RecordOperation(name, type, time.GetElapsedTime(startedAt), fault);
    }
}
