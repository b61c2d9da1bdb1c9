namespace P2PGrpc.Client;

/// <summary>
/// The one subscription by which all requests of a client get their replies. It begins with a first request, ends some time after the last, and goes on after its
/// last place when the node was away, so that a reply that arrived meanwhile is read. Thread-safe.
/// </summary>
internal sealed class ReplyInbox(P2PGrpcClient client, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, TaskCompletionSource<ReceivedMessage>> waiting = new(StringComparer.Ordinal);
    private Listening? listening;
    private bool disposed;

    /// <summary>Sends once replies are listened for, and waits for the reply.</summary>
    /// <param name="correlationId">What the reply will have in common with the request; chosen so that nobody can guess it.</param>
    /// <param name="sendAsync">Sends the request.</param>
    /// <param name="cancellationToken">Ends the wait. A reply that comes later is passed over.</param>
    public async Task<ReceivedMessage> AskAsync(string correlationId, Func<CancellationToken, Task> sendAsync, CancellationToken cancellationToken)
    {
        var reply = new TaskCompletionSource<ReceivedMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        var subscribed = Enter(correlationId, reply);
        try
        {
            await subscribed.WaitAsync(cancellationToken);
            await sendAsync(cancellationToken);
            return await reply.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(correlationId);
        }
    }

    public async ValueTask DisposeAsync() => await End().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Listens no longer: those who wait fail, as do later requests.</summary>
    /// <returns>The end of the subscription.</returns>
    public Task End()
    {
        lock (gate)
        {
            disposed = true;
            listening?.End();
            return listening?.Loop ?? Task.CompletedTask;
        }
    }

    private Task Enter(string correlationId, TaskCompletionSource<ReceivedMessage> reply)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, client);
            waiting.Add(correlationId, reply);
            if (listening is null)
            {
                var begun = new Listening(new CancellationTokenSource());
                listening = begun;
                begun.Loop = Task.Run(() => ListenAsync(begun), CancellationToken.None);
            }
            listening.Idle?.Dispose();
            listening.Idle = null;
            return listening.Subscribed.Task;
        }
    }

    private void Leave(string correlationId)
    {
        lock (gate)
        {
            waiting.Remove(correlationId);
            if (waiting.Count == 0 && listening is { } current && !disposed)
                current.Idle ??= time.CreateTimer(_ => EndIfIdle(current), null, ClientLimits.ReplyIdle, Timeout.InfiniteTimeSpan);
        }
    }

    private void EndIfIdle(Listening which)
    {
        lock (gate)
        {
            if (listening != which || waiting.Count > 0)
                return;
            listening = null;
            which.End();
        }
    }

    private async Task ListenAsync(Listening mine)
    {
        try
        {
            // What this node sends itself is read as well: a request to self is answered by the node's own message.
            var settings = new SubscribeSettings { StartAt = P2PGrpc.Protocol.StartAt.End, IncludeOwn = true };
            await foreach (var response in client.SubscribeBatchesAsync(settings, mine.Ending))
            {
                mine.Subscribed.TrySetResult();
                foreach (var message in ReceivedMessage.Read(response))
                    Offer(message);
            }
        }
        catch (Exception fault)
        {
            Fail(mine, fault);
        }
    }

    private void Offer(ReceivedMessage message)
    {
        if (!message.Headers.ContainsKey(MessageHeaders.InReplyTo) || !message.Headers.TryGetValue(MessageHeaders.CorrelationId, out var correlationId))
            return;
        lock (gate)
        {
            // The first reply counts. One that nobody waits for any more came too late, or a second time.
            if (waiting.GetValueOrDefault(correlationId) is { } request)
                request.TrySetResult(message);
        }
    }

    // Those who wait learn why; the next request begins anew.
    private void Fail(Listening mine, Exception fault)
    {
        lock (gate)
        {
            mine.Subscribed.TrySetException(fault);
            // Seen by those who wait, if anybody does.
            _ = mine.Subscribed.Task.Exception;
            if (listening != mine)
                return;
            listening = null;
            mine.End();
            foreach (var request in waiting.Values)
                request.TrySetException(fault is OperationCanceledException ? new ObjectDisposedException(nameof(P2PGrpcClient)) : fault);
        }
    }

    /// <summary>One life of the subscription.</summary>
    /// <param name="ending">Ends it. Without a timer there is nothing to free, so it is never disposed.</param>
    private sealed class Listening(CancellationTokenSource ending)
    {
        public TaskCompletionSource Subscribed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationToken Ending => ending.Token;

        public Task Loop { get; set; } = Task.CompletedTask;

        public ITimer? Idle { get; set; }

        public void End()
        {
            Idle?.Dispose();
            // Whoever reacts to it must not run under the lock.
            _ = ending.CancelAsync();
        }
    }
}
