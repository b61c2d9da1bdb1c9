namespace P2PGrpc.Node.Logs;

/// <summary>The end of the feed, as far as it may be seen, and the signal that it moved. Thread-safe.</summary>
internal sealed class FeedHead
{
    private ulong last;
    private volatile TaskCompletionSource moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool closed;

    /// <summary>The position of the newest durable entry, 0 if there is none.</summary>
    public ulong Last => Volatile.Read(ref last);

    /// <summary>Moves the end. One caller at a time.</summary>
    public void Publish(ulong position)
    {
        if (position == Last)
            return;
        Volatile.Write(ref last, position);
        Interlocked.Exchange(ref moved, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    public async Task<ulong> WaitBeyondAsync(ulong position, CancellationToken cancellationToken)
    {
        while (true)
        {
            // The signal is taken before the look, so that no move is missed.
            var signal = moved.Task;
            if (Last > position)
                return Last;
            ObjectDisposedException.ThrowIf(closed, typeof(LogStore));
            await signal.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Ends all waiting.</summary>
    public void Close()
    {
        closed = true;
        moved.TrySetResult();
    }
}
