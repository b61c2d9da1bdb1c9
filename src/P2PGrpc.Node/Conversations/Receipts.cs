using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;
using Head = P2PGrpc.Core.Logs.Head;
using LogKey = P2PGrpc.Core.Logs.LogKey;

namespace P2PGrpc.Node.Conversations;

/// <summary>Knows who waits for a message to reach its recipient, and tells the owner what has. Thread-safe.</summary>
internal sealed class Receipts : IDisposable
{
    private readonly PeerId self;
    private readonly LogStore store;
    private readonly Recipients recipients;
    private readonly NodeEvents events;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<(PeerId Peer, LogId Log), PriorityQueue<TaskCompletionSource, ulong>> waiting = [];

    public Receipts(LogStore store, Recipients recipients, ReplicationEvents replication, NodeEvents events, TimeProvider time)
    {
        self = recipients.Self;
        this.store = store;
        this.recipients = recipients;
        this.events = events;
        this.time = time;
        replication.Acknowledged += OnAcknowledged;
    }

    /// <summary>True once the peer has the message on disk; false if the time is over, the caller gives up or the node stops first.</summary>
    public async Task<bool> WaitAsync(PeerId peer, MessageReference message, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (!waiting.TryGetValue((peer, message.Log), out var queue))
                waiting[(peer, message.Log)] = queue = new PriorityQueue<TaskCompletionSource, ulong>();
            queue.Enqueue(arrived, message.Sequence);
        }

        try
        {
            // Asked after the waiter is in place, so that an acknowledgement in between is not missed.
            if (store.GetAcknowledged(peer, message.Log) >= message.Sequence)
                return true;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, cancellationToken);
            if (timeout > TimeSpan.Zero)
                await arrived.Task.WaitAsync(timeout, time, either.Token).ConfigureAwait(false);
            return arrived.Task.IsCompleted;
        }
        catch (Exception over) when (over is TimeoutException or OperationCanceledException)
        {
            return arrived.Task.IsCompleted;
        }
        finally
        {
            Leave((peer, message.Log), arrived);
        }
    }

    /// <summary>Ends all waiting: the messages stay accepted.</summary>
    public void StopWaiting() => stopping.Cancel();

    public void Dispose() => stopping.Dispose();

    private void Leave((PeerId Peer, LogId Log) key, TaskCompletionSource arrived)
    {
        lock (gate)
        {
            if (!waiting.TryGetValue(key, out var queue))
                return;
            queue.Remove(arrived, out _, out _);
            if (queue.Count == 0)
                waiting.Remove(key);
        }
    }

    private void OnAcknowledged(PeerId peer, LogKey log, LogId logId, Head head)
    {
        if (log.Author != self)
            return;
        lock (gate)
        {
            if (waiting.TryGetValue((peer, logId), out var queue))
                while (queue.TryPeek(out var arrived, out var sequence) && sequence <= head.Sequence)
                {
                    queue.Dequeue();
                    arrived.TrySetResult();
                }
        }

        // In a room each member acknowledges each message: nobody waits for that, and it would drown what the owner wants to see.
        if (log.Conversation != recipients.DirectWith(peer))
            return;
        events.Publish(new WatchEventsResponse
        {
            Delivered = new DeliveredEvent
            {
                PeerId = peer.ToString(),
                Alias = recipients.AliasOf(peer),
                Log = logId.ToString(),
                Sequence = head.Sequence,
            },
        });
    }
}
