using System.Diagnostics.Metrics;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using Head = P2PGrpc.Core.Logs.Head;
using LogKey = P2PGrpc.Core.Logs.LogKey;

namespace P2PGrpc.Node.Conversations;

/// <summary>Measures how long own segments take from being durable here to being held by whom they are for, in a room by the first other member. Remembers them only while
/// somebody listens, and only those since then. Thread-safe.</summary>
internal sealed class DeliveryTimes
{
    /// <summary>Segments that are remembered until they arrive, about 1 MB. What is written beyond to peers that are away is not measured; that it waits is seen by the age of the
    /// oldest.</summary>
    private const int Most = 16_384;

    private readonly PeerId self;
    private readonly ConversationKinds kinds;
    private readonly Histogram<double> durations;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Dictionary<LogId, Queue<(ulong Last, long At)>> waiting = [];
    private int count;

    /// <summary>To be made before replication begins to listen to the store: it may have a segment delivered before others hear of it.</summary>
    public DeliveryTimes(LogStore store, ReplicationEvents replication, PeerId self, ConversationKinds kinds, Histogram<double> durations, TimeProvider time)
    {
        this.self = self;
        this.kinds = kinds;
        this.durations = durations;
        this.time = time;
        store.Committed += OnCommitted;
        replication.Acknowledged += OnAcknowledged;
    }

    private void OnCommitted(CommittedSegment segment)
    {
        if (!segment.Own || !durations.Enabled || kinds.Find(segment.Header.Log.Conversation) == ConversationKinds.Self)
            return;
        lock (gate)
        {
            if (count >= Most)
                return;
            if (!waiting.TryGetValue(segment.Header.LogId, out var queue))
                waiting[segment.Header.LogId] = queue = new Queue<(ulong, long)>();
            queue.Enqueue((segment.Header.Head.Sequence, time.GetTimestamp()));
            count++;
        }
    }

    private void OnAcknowledged(PeerId peer, LogKey log, LogId logId, Head head)
    {
        if (log.Author != self)
            return;
        lock (gate)
        {
            if (!waiting.TryGetValue(logId, out var queue))
                return;
            var kind = new KeyValuePair<string, object?>(ConversationKinds.Label, kinds.Find(log.Conversation));
            for (; queue.TryPeek(out var segment) && segment.Last <= head.Sequence; count--)
            {
                queue.Dequeue();
                durations.Record(time.GetElapsedTime(segment.At).TotalSeconds, kind);
            }

            if (queue.Count == 0)
                waiting.Remove(logId);
        }
    }
}
