namespace P2PGrpc.Node.Logs;

/// <summary>Bounds by weight what waits for the writer. Who comes first enters first. Thread-safe.</summary>
internal sealed class QueueRoom(long limit)
{
    private readonly Lock gate = new();
    private readonly Queue<Waiter> waiters = new();
    private long taken;

    /// <summary>Completes when there was room. What is heavier than all room enters when nothing else is inside.</summary>
    /// <param name="weight">What it takes up until <see cref="Leave"/>.</param>
    /// <param name="enter">Called at the moment of entering, in the order of coming: what is put into a queue there stands in that order. Must not block.</param>
    /// <param name="cancellationToken">Gives up waiting; <paramref name="enter"/> is not called then.</param>
    public Task EnterAsync(long weight, Action enter, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (gate)
        {
            if (waiters.Count == 0 && Fits(weight))
            {
                taken += weight;
                enter();
                return Task.CompletedTask;
            }

            waiter = new Waiter(weight, enter);
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
            while (waiters.TryPeek(out var waiter) && (waiter.IsDecided || Fits(waiter.Weight)))
            {
                waiters.Dequeue();
                if (!waiter.TryDecide())
                    continue;
                taken += waiter.Weight;
                // Entered before its caller goes on, which looks at what entering did.
                waiter.Enter();
                waiter.SetResult();
            }
        }
    }

    private static async Task WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var waiter = (Waiter)state!;
                if (waiter.TryDecide())
                    waiter.SetCanceled(token);
            },
            waiter);
        await waiter.Task;
    }

    private bool Fits(long weight) => taken == 0 || taken + weight <= limit;

    private sealed class Waiter(long weight, Action enter) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private int decided;

        public long Weight { get; } = weight;

        /// <summary>True once it is settled whether it enters or gives up.</summary>
        public bool IsDecided => Volatile.Read(ref decided) != 0;

        /// <summary>True for the one who settles it.</summary>
        public bool TryDecide() => Interlocked.Exchange(ref decided, 1) == 0;

        public Action Enter { get; } = enter;
    }
}
