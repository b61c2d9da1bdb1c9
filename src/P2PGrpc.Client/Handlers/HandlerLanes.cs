using System.Threading.Channels;

namespace P2PGrpc.Client;

/// <summary>
/// Bounded queues with one worker each, into which authors are spread: messages of one author are handled one after the other, those of others beside them. Who
/// writes waits while a lane is full, so that nothing more is read.
/// </summary>
internal sealed class HandlerLanes
{
    private readonly Channel<Work>[] lanes;
    private readonly Task[] workers;

    /// <param name="count">How many work at one time.</param>
    /// <param name="runner">What handles the messages.</param>
    /// <param name="places">Where it is noted what was handled.</param>
    /// <param name="cancellationToken">Ends the workers, with what they are at.</param>
    public HandlerLanes(int count, HandlerRunner runner, HandledPlaces places, CancellationToken cancellationToken)
    {
        lanes = [.. Enumerable.Range(0, count).Select(_ => Channel.CreateBounded<Work>(
            new BoundedChannelOptions(Math.Max(ClientLimits.LeastWaiting, ClientLimits.WaitingMessages / count)) { SingleReader = true, SingleWriter = true }))];
        workers = [.. lanes.Select(lane => Task.Run(() => WorkAsync(lane, runner, places, cancellationToken), CancellationToken.None))];
    }

    public ValueTask AddAsync(ReceivedMessage message, HandledPlaces.Place? place, CancellationToken cancellationToken)
    {
        var lane = (uint)StringComparer.Ordinal.GetHashCode(message.Author) % (uint)lanes.Length;
        return lanes[lane].Writer.WriteAsync(new Work(message, place), cancellationToken);
    }

    /// <summary>Waits until all is handled that was added; at once if the workers were cancelled. Throws what ended one of them.</summary>
    public async Task CompleteAsync()
    {
        foreach (var lane in lanes)
            lane.Writer.TryComplete();
        await Task.WhenAll(workers);
    }

    private static async Task WorkAsync(Channel<Work> lane, HandlerRunner runner, HandledPlaces places, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (message, place) in lane.Reader.ReadAllAsync(cancellationToken))
            {
                await runner.HandleAsync(message, cancellationToken);
                if (place is not null)
                    places.Complete(place);
            }
        }
        catch (Exception fault)
        {
            // Whoever adds messages must learn of it, and not wait for room for ever.
            lane.Writer.TryComplete(fault);
            places.Close(fault);
            throw;
        }
    }

    private readonly record struct Work(ReceivedMessage Message, HandledPlaces.Place? Place);
}
