using System.Runtime.CompilerServices;
using System.Threading.Channels;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Telemetry;

/// <summary>What happens in this node, for its owner: hands each event to all who watch. A watcher that reads too slowly misses events
/// and is told how many. Thread-safe; publishing never blocks.</summary>
internal sealed class NodeEvents(TimeProvider time)
{
    /// <summary>Events held for one watcher: a few seconds of a busy node.</summary>
    private const int WatcherCapacity = 1024;

    private readonly Lock gate = new();
    private Watcher[] watchers = [];

    public void Publish(WatchEventsResponse happened)
    {
        var current = Volatile.Read(ref watchers);
        if (current.Length == 0)
            return;
        happened.TimeMs = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var watcher in current)
            watcher.Offer(happened);
    }

    public void Notice(string reason, string peerId, string detail) =>
        Publish(new WatchEventsResponse { Notice = new NoticeEvent { Reason = reason, PeerId = peerId, Detail = detail } });

    /// <summary>All events from the call on, until cancelled.</summary>
    public IAsyncEnumerable<WatchEventsResponse> WatchAsync(CancellationToken cancellationToken)
    {
        // Registered here and not at the first MoveNext, so that nothing between the two is missed.
        var watcher = new Watcher();
        lock (gate)
            watchers = [.. watchers, watcher];
        return ReadAsync(watcher, cancellationToken);
    }

    private async IAsyncEnumerable<WatchEventsResponse> ReadAsync(Watcher watcher, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var happened in watcher.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                var missed = watcher.TakeMissed();
                if (missed > 0)
                    yield return new WatchEventsResponse { TimeMs = happened.TimeMs, Missed = missed };
                yield return happened;
            }
        }
        finally
        {
            lock (gate)
                watchers = [.. watchers.Where(other => other != watcher)];
        }
    }

    private sealed class Watcher
    {
        private readonly Channel<WatchEventsResponse> events =
            Channel.CreateBounded<WatchEventsResponse>(new BoundedChannelOptions(WatcherCapacity) { SingleReader = true });

        private long missed;

        public void Offer(WatchEventsResponse happened)
        {
            if (!events.Writer.TryWrite(happened))
                Interlocked.Increment(ref missed);
        }

        public ulong TakeMissed() => (ulong)Interlocked.Exchange(ref missed, 0);

        public IAsyncEnumerable<WatchEventsResponse> ReadAllAsync(CancellationToken cancellationToken) =>
            events.Reader.ReadAllAsync(cancellationToken);
    }
}
