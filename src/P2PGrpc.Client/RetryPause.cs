using Grpc.Core;

namespace P2PGrpc.Client;

/// <summary>The pauses between attempts to reach a node: doubling, jittered, never shorter than the node asks for.</summary>
internal sealed class RetryPause(TimeProvider time, TimeSpan retryFor)
{
    private readonly GrowingDelay delay = new(ClientLimits.FirstDelay, ClientLimits.LongestDelay);
    private long? started;

    /// <summary>Something went well: the next failure begins a new series.</summary>
    public void Reset()
    {
        delay.Reset();
        started = null;
    }

    /// <summary>Waits before the next attempt.</summary>
    /// <returns>False at once if the fault is not worth an attempt, or the time for attempts would be over.</returns>
    public async Task<bool> WaitAsync(P2PGrpcException fault, CancellationToken cancellationToken)
    {
        // Out of time is out of time, whatever a caller may try after it.
        if (fault.StatusCode != StatusCode.Unavailable)
            return false;
        started ??= time.GetTimestamp();
        var pause = delay.Next();
        if (fault.RetryDelay is { } asked && asked > pause)
            pause = asked;
        if (retryFor != Timeout.InfiniteTimeSpan && time.GetElapsedTime(started.Value) + pause > retryFor)
            return false;
        await Task.Delay(pause, time, cancellationToken);
        return true;
    }
}
