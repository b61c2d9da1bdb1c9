using System.Security.Cryptography;

namespace P2PGrpc.Client;

/// <summary>The pauses between attempts to reach a node: doubling, jittered, never shorter than the node asks for.</summary>
internal sealed class RetryPause(TimeProvider time, TimeSpan retryFor)
{
    private TimeSpan next = ClientLimits.FirstDelay;
    private long? started;

    /// <summary>Something went well: the next failure begins a new series.</summary>
    public void Reset()
    {
        next = ClientLimits.FirstDelay;
        started = null;
    }

    /// <summary>Waits before the next attempt.</summary>
    /// <returns>False at once if the fault is not worth an attempt, or the time for attempts would be over.</returns>
    public async Task<bool> WaitAsync(P2PGrpcException fault, CancellationToken cancellationToken)
    {
        if (!fault.IsTransient)
            return false;
        started ??= time.GetTimestamp();
        var pause = next * (0.5 + RandomNumberGenerator.GetInt32(500) / 1000.0);
        if (fault.RetryDelay is { } asked && asked > pause)
            pause = asked;
        if (retryFor != Timeout.InfiniteTimeSpan && time.GetElapsedTime(started.Value) + pause > retryFor)
            return false;
        next = next * 2 < ClientLimits.LongestDelay ? next * 2 : ClientLimits.LongestDelay;
        await Task.Delay(pause, time, cancellationToken);
        return true;
    }
}
