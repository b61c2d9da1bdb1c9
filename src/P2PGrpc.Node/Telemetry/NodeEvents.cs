using System.Runtime.CompilerServices;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Telemetry;

/// <summary>What happens in this node, for its owner: hands each event to all who watch. A watcher that reads too slowly misses events
/// and is told how many. Thread-safe; publishing never blocks.</summary>
internal sealed class NodeEvents(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly List<WatchEventsResponse> untold = [];
    private EventWatch[] watchers = [];

    public void Publish(WatchEventsResponse happened)
    {
        var current = Volatile.Read(ref watchers);
        if (current.Length == 0)
            return;
        Stamp(happened);
        foreach (var watcher in current)
            watcher.Offer(happened);
    }

    public void Notice(string reason, string peerId, string detail) =>
        Publish(MakeNotice(reason, peerId, detail));

    /// <summary>A notice of the node's start, before which nobody can watch: it is kept for whoever watches first.</summary>
    public void NoticeAtStart(string reason, string detail)
    {
        var notice = MakeNotice(reason, "", detail);
        Stamp(notice);
        lock (gate)
            untold.Add(notice);
    }

    /// <summary>How many watch.</summary>
    public int WatcherCount => Volatile.Read(ref watchers).Length;

    /// <summary>Begins to gather events for one reader. Nothing from here on is missed.</summary>
    public EventWatch Watch()
    {
        var watch = new EventWatch(Remove);
        lock (gate)
        {
            untold.ForEach(watch.Offer);
            untold.Clear();
            watchers = [.. watchers, watch];
        }

        return watch;
    }

    /// <summary>All events from the call on, until cancelled.</summary>
    public IAsyncEnumerable<WatchEventsResponse> WatchAsync(CancellationToken cancellationToken)
    {
        // Begun here and not at the first MoveNext, so that nothing between the two is missed.
        var watch = Watch();
        // Whoever never begins to read leaves no watch behind either.
        var cancelled = cancellationToken.Register(watch.Dispose);
        return ReadAsync(watch, cancelled, cancellationToken);
    }

    private static async IAsyncEnumerable<WatchEventsResponse> ReadAsync(
        EventWatch watch, CancellationTokenRegistration cancelled, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using (watch)
        await using (cancelled.ConfigureAwait(false))
            await foreach (var happened in watch.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return happened;
    }

    private static WatchEventsResponse MakeNotice(string reason, string peerId, string detail) =>
        new() { Notice = new NoticeEvent { Reason = reason, PeerId = peerId, Detail = detail } };

    private void Stamp(WatchEventsResponse happened) => happened.TimeMs = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Remove(EventWatch gone)
    {
        lock (gate)
            watchers = [.. watchers.Where(other => other != gone)];
    }
}
