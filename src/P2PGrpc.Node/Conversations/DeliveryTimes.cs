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
    /// <summary>Segments that are remembered until they arrive, about 1 MB. Beyond, the oldest is forgotten: a peer that is away for good keeps nobody else's from being measured,
    /// and that its own wait is seen by the age of the oldest.</summary>
    private const int MostRemembered = 16_384;

    private readonly PeerId self;
    private readonly ConversationKinds kinds;
    private readonly Histogram<double> durations;
    private readonly TimeProvider time;
    private readonly int most;
    private readonly Lock gate = new();
    private readonly LinkedList<Waiting> all = [];
    private readonly Dictionary<LogId, Queue<LinkedListNode<Waiting>>> byLog = [];

    /// <summary>To be made before replication begins to listen to the store: it may have a segment delivered before others hear of it.</summary>
    public DeliveryTimes(
        LogStore store, ReplicationEvents replication, PeerId self, ConversationKinds kinds, Histogram<double> durations, TimeProvider time, int most = MostRemembered)
    {
        this.self = self;
        this.kinds = kinds;
        this.durations = durations;
        this.time = time;
        this.most = most;
        store.Committed += OnCommitted;
        replication.Acknowledged += OnAcknowledged;
    }

    private void OnCommitted(CommittedSegment segment)
    {
        if (!segment.Own || !durations.Enabled || kinds.Find(segment.Header.Log.Conversation) == ConversationKinds.Self)
            return;
        lock (gate)
        {
            // The oldest of all is the oldest of its log, too.
            if (all.Count == most)
                Forget(all.First!.Value.Log);
            if (!byLog.TryGetValue(segment.Header.LogId, out var queue))
                byLog[segment.Header.LogId] = queue = new Queue<LinkedListNode<Waiting>>();
            queue.Enqueue(all.AddLast(new Waiting(segment.Header.LogId, segment.Header.Head.Sequence, time.GetTimestamp())));
        }
    }

    private void OnAcknowledged(PeerId peer, LogKey log, LogId logId, Head head)
    {
        if (log.Author != self)
            return;
        lock (gate)
        {
            if (!byLog.TryGetValue(logId, out var queue))
                return;
            var kind = new KeyValuePair<string, object?>(ConversationKinds.Label, kinds.Find(log.Conversation));
            while (queue.TryPeek(out var segment) && segment.Value.Last <= head.Sequence)
            {
                durations.Record(time.GetElapsedTime(segment.Value.At).TotalSeconds, kind);
                Forget(logId);
            }
        }
    }

    /// <summary>The oldest of a log.</summary>
    private void Forget(LogId log)
    {
        var queue = byLog[log];
        all.Remove(queue.Dequeue());
        if (queue.Count == 0)
            byLog.Remove(log);
    }

    private readonly record struct Waiting(LogId Log, ulong Last, long At);
}
