using System.Runtime.CompilerServices;
using System.Threading.Channels;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Telemetry;

/// <summary>One who watches the node's events, for one reader: gathers them until it is disposed. Offering never blocks.</summary>
internal sealed class EventWatch(Action<EventWatch> disposed) : IDisposable
{
    /// <summary>Events held for one watcher: a few seconds of a busy node.</summary>
    private const int Capacity = 1024;

    private readonly Channel<WatchEventsResponse> events =
        Channel.CreateBounded<WatchEventsResponse>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    private long missed;

    public void Offer(WatchEventsResponse happened)
    {
        if (!events.Writer.TryWrite(happened))
            Interlocked.Increment(ref missed);
    }

    /// <summary>The events as they come, until cancelled; before one that follows a gap, how many are missing.</summary>
    public async IAsyncEnumerable<WatchEventsResponse> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var happened in events.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var lost = (ulong)Interlocked.Exchange(ref missed, 0);
            if (lost > 0)
                yield return new WatchEventsResponse { TimeMs = happened.TimeMs, Missed = lost };
            yield return happened;
        }
    }

    public void Dispose() => disposed(this);
}
