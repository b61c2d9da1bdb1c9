using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Grpc.Core;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Delivery;

/// <summary>Hands out messages to those who subscribe: first what is held after their cursor, then what comes. Thread-safe.</summary>
internal sealed class Subscriptions(
    LogStore store, Recipients recipients, Consumers consumers, EphemeralInbox inbox, Func<bool> isLinked, TimeProvider time)
{
    private int active;

    /// <summary>How many run now.</summary>
    public int Active => Volatile.Read(ref active);

    /// <summary>As <see cref="ReadAsync(SubscribeRequest, CancellationToken)"/>, as objects.</summary>
    public async IAsyncEnumerable<SubscribeResponse> SubscribeAsync(
        SubscribeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var stretch in ReadAsync(request, cancellationToken).ConfigureAwait(false))
            yield return stretch.ToResponse();
    }

    /// <summary>Messages until the call is cancelled. Everything is checked when the first one is asked for.</summary>
    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, NOT_FOUND, OUT_OF_RANGE; ABORTED when another subscriber takes the consumer's
    /// name over; DATA_LOSS at a place that can't be read.</exception>
    public async IAsyncEnumerable<FeedStretch> ReadAsync(
        SubscribeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref active) > DeliveryLimits.Subscriptions)
        {
            Interlocked.Decrement(ref active);
            throw new NodeRequestException(
                StatusCode.ResourceExhausted, "TOO_MANY_SUBSCRIPTIONS", $"This node serves at most {DeliveryLimits.Subscriptions} subscriptions. End one.");
        }

        var name = request.Consumer;
        var taken = new CancellationTokenSource();
        var ephemerals = inbox.Listen();
        try
        {
            // All that can be refused is refused before a healthy reader of the same name is put aside.
            var batches = Prepare(request);
            var position = await FindStartAsync(request, cancellationToken).ConfigureAwait(false);
            if (name.Length > 0)
                taken = consumers.TakeOver(name);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, taken.Token);
            var stretches = ReadAsync(batches, position, ephemerals.Reader, either.Token).GetAsyncEnumerator(either.Token);
            await using (stretches.ConfigureAwait(false))
                while (await MoveNextAsync(stretches, taken, cancellationToken).ConfigureAwait(false))
                    yield return stretches.Current;
        }
        finally
        {
            inbox.Leave(ephemerals);
            consumers.Leave(name, taken);
            Interlocked.Decrement(ref active);
        }
    }

    private static async ValueTask<bool> MoveNextAsync(
        IAsyncEnumerator<FeedStretch> stretches, CancellationTokenSource taken, CancellationToken cancellationToken)
    {
        try
        {
            return await stretches.MoveNextAsync().ConfigureAwait(false);
        }
        catch (StoreException unreadable)
        {
            throw new NodeRequestException(StatusCode.Unavailable, "STORE_HALTED", unreadable.Message) { RetryAfter = TimeSpan.FromSeconds(5) };
        }
        catch (OperationCanceledException) when (taken.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new NodeRequestException(
                StatusCode.Aborted, "CONSUMER_TAKEN_OVER", "Another subscriber took over the name of this consumer. Give each reader a name of its own.");
        }
    }

    private MessageBatches Prepare(SubscribeRequest request)
    {
        if (request.Consumer.Length > 0 && !ConsumerName.IsValid(request.Consumer))
            throw NodeRequestException.Invalid("consumer", ConsumerName.Rule);
        ConversationId? only = request.Conversation.Length == 0
            ? null
            : recipients.ResolveKnown(request.Conversation);
        return new MessageBatches(recipients, only, request.IncludeOwn, store.ObserveClock, new DeliverySpans(store.LastPosition, time));
    }

    private async Task<ulong> FindStartAsync(SubscribeRequest request, CancellationToken cancellationToken)
    {
        if (request.StartCase == SubscribeRequest.StartOneofCase.After)
        {
            consumers.Check(request.After.Position, request.After.Check);
            return request.After.Position;
        }

        if (request.Consumer.Length > 0 && store.GetConsumer(request.Consumer) is { } known)
        {
            consumers.Check(known.Position, known.Check);
            return known.Position;
        }

        if (request.StartAt is not (StartAt.Unspecified or StartAt.Start or StartAt.End))
            throw NodeRequestException.Invalid("start_at", "start_at is START_AT_START or START_AT_END.");
        var position = request.StartAt == StartAt.Start ? 0 : store.LastPosition;

        // A new consumer's beginning is kept at once: were it to die before its first acknowledgement, it must not begin later the next time.
        if (request.Consumer.Length > 0)
            await BeginAsync(request, position, cancellationToken).ConfigureAwait(false);
        return position;
    }

    private async Task BeginAsync(SubscribeRequest request, ulong position, CancellationToken cancellationToken)
    {
        try
        {
            await consumers.BeginAsync(request.Consumer, position, cancellationToken).ConfigureAwait(false);
        }
        catch (NodeRequestException) when (request.StartAt == StartAt.Start)
        {
            // Reading goes on while nothing can be written. Who begins at the start and is not known the next time begins there again.
        }
    }

    private async IAsyncEnumerable<FeedStretch> ReadAsync(
        MessageBatches batches, ulong position, ChannelReader<EphemeralMessages> ephemerals, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var heldAtStart = store.LastPosition;
        var caughtUp = false;
        long? metDamageAt = null;
        using var wait = new FeedWait(store, ephemerals, cancellationToken);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            while (ephemerals.TryRead(out var ephemeral))
                if (batches.IsWanted(ephemeral.Conversation, ephemeral.Author))
                    yield return new FeedStretch(batches) { Ephemeral = ephemeral };

            var repaired = store.NextRepair;
            var stretch = ReadPage(batches, ref position, out var damaged);
            if (damaged is not null)
            {
                metDamageAt ??= time.GetTimestamp();
                if (!await IsRepairedAsync(damaged, repaired, metDamageAt.Value, wait).ConfigureAwait(false))
                    throw Damaged(damaged);
                continue;
            }

            metDamageAt = null;
            if (!caughtUp && position >= heldAtStart)
            {
                // With a cursor even where nothing was read, so that who breaks off now knows where to go on.
                stretch.CaughtUp = caughtUp = true;
                stretch.Cursor ??= new Cursor { Position = position, Check = store.FindCheck(position) ?? 0 };
            }
            else if (stretch.Segments.Count == 0 && store.LastPosition <= position)
            {
                await wait.WaitAsync(position).ConfigureAwait(false);
                continue;
            }

            if (stretch.Segments.Count > 0 || stretch.CaughtUp)
                yield return stretch;
        }
    }

    /// <param name="batches">What is wanted.</param>
    /// <param name="position">From where to read; then as far as was read.</param>
    /// <param name="damaged">What stands there and can't be read; null where anything could be.</param>
    private FeedStretch ReadPage(MessageBatches batches, ref ulong position, out DamagedSegment? damaged)
    {
        damaged = null;
        var stretch = new FeedStretch(batches);
        if (store.LastPosition <= position)
            return stretch;
        var page = store.ReadFeed(position, DeliveryLimits.SegmentsPerPage, DeliveryLimits.PageBytes);
        damaged = page.Segments.Count == 0 ? page.Damaged : null;
        foreach (var segment in page.Segments)
        {
            if (batches.IsWanted(segment.Header.Log.Conversation, segment.Header.Log.Author))
                stretch.Add(segment, position);
            position = segment.LastPosition;
            stretch.Cursor = new Cursor { Position = position, Check = segment.Header.Hash.Prefix };
        }

        return stretch;
    }

    /// <summary>Waits for the next repair of any place, if there is hope. True: it is worth a look.</summary>
    private async ValueTask<bool> IsRepairedAsync(DamagedSegment damaged, Task repaired, long since, FeedWait wait)
    {
        var patience = DeliveryLimits.RepairPatience - time.GetElapsedTime(since);
        return damaged.CanBeFetched && isLinked() && patience > TimeSpan.Zero && await wait.WaitAsync(repaired, patience, time).ConfigureAwait(false);
    }

    private NodeRequestException Damaged(DamagedSegment damaged)
    {
        var behind = store.FindCheck(damaged.LastPosition) ?? 0;
        var hope = damaged.CanBeFetched
            ? "They have not come back from a linked peer yet: link one that holds them, and try again."
            : "Their place in their log is not known, so no peer can be asked for them: put back a copy of the database.";
        return new NodeRequestException(
            StatusCode.DataLoss, "SEGMENT_DAMAGED",
            $"The messages at position {damaged.FirstPosition} can't be read: the bytes on this node's disk don't match their hash. {hope} "
            + "Messages before them were handed out. To go on behind them subscribe after position "
            + $"{damaged.LastPosition} with check {behind} (tail --from {damaged.LastPosition}.{behind:x16}).")
        { RetryAfter = damaged.CanBeFetched ? TimeSpan.FromSeconds(2) : null };
    }
}
