using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>
/// Which places of the feed are handled, and how far that is without a gap: so far the node is told. Places are told as the calls keep up; one call covers all
/// that was handled before it. Only so many may stand between the first that is not handled and the last that was read: while one message keeps its handler busy,
/// those of others are handled, but not without end. Thread-safe, but for beginning places, which one caller does.
/// </summary>
internal sealed class HandledPlaces(P2PGrpcClient client, string consumer, int most, TimeProvider time, ILogger logger)
{
    private readonly Lock gate = new();
    private readonly Channel<Place> open = Channel.CreateBounded<Place>(most);
    private readonly Channel<bool> moved = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private FeedCursor? handled;
    private bool isFullnessTold;

    /// <summary>The next place of the feed, which is not handled yet. Waits while there is no room for it.</summary>
    /// <exception cref="ChannelClosedException">No more is handled.</exception>
    public async ValueTask<Place> BeginAsync(FeedCursor cursor, CancellationToken cancellationToken)
    {
        var place = new Place(cursor);
        if (open.Writer.TryWrite(place))
        {
            // Where it stays nearly full, one line is enough.
            isFullnessTold &= open.Reader.Count > most / 2;
            return place;
        }

        if (!isFullnessTold && open.Reader.TryPeek(out var first))
            HandlerLog.ReadingPaused(logger, consumer, first.Cursor.Position, most);
        isFullnessTold = true;
        await open.Writer.WriteAsync(place, cancellationToken);
        return place;
    }

    /// <summary>A place without a message, such as the end of a response: handled when all before it is.</summary>
    public async ValueTask PassAsync(FeedCursor cursor, CancellationToken cancellationToken) => Complete(await BeginAsync(cursor, cancellationToken));

    public void Complete(Place place)
    {
        lock (gate)
        {
            place.IsHandled = true;
            while (open.Reader.TryPeek(out var first) && first.IsHandled && open.Reader.TryRead(out _))
                handled = first.Cursor;
        }
        moved.Writer.TryWrite(true);
    }

    /// <summary>No more is handled: whoever waits for room must learn of it.</summary>
    public void Close(Exception fault) => open.Writer.TryComplete(fault);

    /// <summary>Tells the node, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in moved.Reader.ReadAllAsync(cancellationToken))
        {
            while (Take() is { } cursor)
            {
                if (await TryTellAsync(cursor, cancellationToken))
                    continue;
                Restore(cursor);
                await Task.Delay(ClientLimits.AcknowledgePause, time, cancellationToken);
            }
        }
    }

    /// <summary>Tells the node once more on the way out, after <see cref="RunAsync"/> has ended.</summary>
    public async Task FlushAsync()
    {
        using var limit = new CancellationTokenSource(ClientLimits.AcknowledgePause, time);
        try
        {
            if (Take() is { } cursor)
                await TryTellAsync(cursor, limit.Token);
        }
        catch (OperationCanceledException)
        {
            // What was handled comes again after the next start.
        }
    }

    private async Task<bool> TryTellAsync(FeedCursor cursor, CancellationToken cancellationToken)
    {
        try
        {
            await client.AcknowledgeAsync(consumer, cursor, cancellationToken);
            return true;
        }
        catch (P2PGrpcException fault)
        {
            HandlerLog.AcknowledgeFailed(logger, consumer, fault.Message);
            return false;
        }
        catch (OperationCanceledException)
        {
            Restore(cursor);
            throw;
        }
    }

    private FeedCursor? Take()
    {
        lock (gate)
        {
            var cursor = handled;
            handled = null;
            return cursor;
        }
    }

    // What was handled meanwhile lies behind it and covers it.
    private void Restore(FeedCursor cursor)
    {
        lock (gate)
            handled ??= cursor;
    }

    /// <summary>A place of the feed.</summary>
    internal sealed class Place(FeedCursor cursor)
    {
        public FeedCursor Cursor => cursor;

        public bool IsHandled { get; set; }
    }
}
