namespace P2PGrpc.EndToEnd.Harness;

/// <summary>Waits for conditions instead of times.</summary>
internal static class Eventually
{
    /// <summary>How long a condition that must come true may take on a busy machine.</summary>
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(20);

    /// <summary>Asks until the condition holds; fails with what was waited for, and the last error, when the deadline passes.</summary>
    public static async Task HoldsAsync(string what, Func<Task<bool>> condition, TimeSpan? deadline = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        Exception? last = null;
        while (TimeProvider.System.GetElapsedTime(started) < (deadline ?? Generous))
        {
            try
            {
                if (await condition()) return;
                last = null;
            }
            catch (Exception e) when (e is not (OperationCanceledException or ProcessEndedException))
            {
                last = e;
            }
            await PauseAsync(20);
        }
        throw new TimeoutException($"Within {deadline ?? Generous} this did not come true: {what}. {last?.Message}", last);
    }

    /// <summary>A short rest between two looks at a condition, or the random gap before a fault; never a wait for an effect.</summary>
    public static Task PauseAsync(int milliseconds) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System);
}

/// <summary>The process whose readiness was waited for has ended.</summary>
internal sealed class ProcessEndedException(string message) : Exception(message);
