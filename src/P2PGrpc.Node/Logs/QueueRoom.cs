namespace P2PGrpc.Node.Logs;

/// <summary>Bounds by weight what waits for the writer. Who comes first enters first. Thread-safe.</summary>
internal sealed class QueueRoom(long limit)
{
    private readonly Lock gate = new();
    private readonly Queue<Waiter> waiters = new();
    private long taken;

    /// <summary>Completes when there is room. What is heavier than all room enters when nothing else is inside.</summary>
    public Task EnterAsync(long weight, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (gate)
        {
            if (waiters.Count == 0 && Fits(weight))
            {
                taken += weight;
                return Task.CompletedTask;
            }

            waiter = new Waiter(weight);
            waiters.Enqueue(waiter);
        }

        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>Gives back what entered.</summary>
    public void Leave(long weight)
    {
        lock (gate)
        {
            taken -= weight;
            while (waiters.TryPeek(out var waiter) && (waiter.Task.IsCompleted || Fits(waiter.Weight)))
            {
                waiters.Dequeue();
                if (waiter.TrySetResult())
                    taken += waiter.Weight;
            }
        }
    }

    private static async Task WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((Waiter)state!).TrySetCanceled(token), waiter);
        await waiter.Task;
    }

    private bool Fits(long weight) => taken == 0 || taken + weight <= limit;

    private sealed class Waiter(long weight) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Weight { get; } = weight;
    }
}
