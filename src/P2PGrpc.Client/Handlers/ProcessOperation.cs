using System.Diagnostics;

namespace P2PGrpc.Client;

/// <summary>The handling of one message as traces and metrics see it: from the first handler that takes it to being disposed. What none takes is not seen. For one caller.</summary>
internal sealed class ProcessOperation(ReceivedMessage message, TimeProvider time) : IDisposable
{
    private long? begunAt;
    private Activity? activity;
    private Exception? fault;

    /// <summary>A handler takes the message: its span is the caller's current activity from now on, and stays it for further handlers.</summary>
    public void Begin()
    {
        if (begunAt is not null)
            return;
        begunAt = time.GetTimestamp();
        activity = MessageActivities.StartProcess(message, time);
    }

    /// <summary>A handler failed for good.</summary>
    public void Fail(Exception why)
    {
        fault = why;
        activity?.SetStatus(ActivityStatusCode.Error, why.Message);
    }

    /// <summary>All handlers have had their turn.</summary>
    public void Complete()
    {
        if (begunAt is { } start)
            MessageActivities.RecordProcessed(time.GetElapsedTime(start), fault);
    }

    public void Dispose() => activity?.Dispose();
}
