using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>Replays dead letters of one client's handlers while the host runs, when the owner of the node asks for it in their room. What was asked for while it was away is done
/// after its start.</summary>
internal sealed class DeadLetterReplays(HandlerSet set, DeadLetters letters, HandlingsUnderWay handlings, ILogger logger) : BackgroundService
{
    public static DeadLetterReplays Create(IServiceProvider services, string name) => new(
        services.GetRequiredKeyedService<HandlerSet>(name),
        name.Length == 0 ? services.GetRequiredService<DeadLetters>() : services.GetRequiredKeyedService<DeadLetters>(name),
        services.GetRequiredKeyedService<HandlerStanding>(name).Handlings,
        HandlerSet.FindLogger(services));

    public override Task StopAsync(CancellationToken cancellationToken) => handlings.WatchStopAsync(base.StopAsync(cancellationToken));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (string.IsNullOrEmpty(set.Options.DeadLetterRoom))
            return;
        var room = new DeadLetterRoom(set.Client, set.Options.DeadLetterRoom);
        var delay = new GrowingDelay(ClientLimits.LongestDelay, ClientLimits.LongestReplayPause);
        while (true)
        {
            using var looking = CancellationTokenSource.CreateLinkedTokenSource(set.DeadLetters.RoomMade, stoppingToken);
            try
            {
                await ReadAsync(room, delay.Reset, looking.Token, stoppingToken);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // There is a room now, or another one in the place of the one that was read.
            }
            catch (P2PGrpcException fault)
            {
                var pause = delay.Next();
                // Before the first dead letter there is no room, and nothing to ask for.
                if (fault.StatusCode != StatusCode.NotFound)
                    HandlerLog.ReplaysRefused(logger, room.Conversation, pause, fault.Message);
                await Task.Delay(pause, set.Time, looking.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task ReadAsync(DeadLetterRoom room, Action succeeded, CancellationToken looking, CancellationToken stoppingToken)
    {
        var consumer = NameConsumer(set.Consumer);
        var settings = new SubscribeSettings { Consumer = consumer, Conversation = room.Conversation, StartAt = P2PGrpc.Protocol.StartAt.Start, IncludeOwn = true };
        await foreach (var response in set.Client.SubscribeBatchesAsync(settings, looking))
        {
            succeeded();
            foreach (var message in ReceivedMessage.Read(response))
                // Others may be in the room, to look on: the services of this node do as its owner says.
                if (message.Alias == "self" && message.Headers.TryGetValue(MessageHeaders.DeadLetterReplay, out var reference))
                    await ReplayAsync(room, message, reference, stoppingToken);
            if (response is { Batches.Count: > 0, Cursor: { } end })
                await set.Client.AcknowledgeAsync(consumer, FeedCursor.FromProtocol(end), stoppingToken);
        }
    }

    private async Task ReplayAsync(DeadLetterRoom room, ReceivedMessage asking, string reference, CancellationToken stoppingToken)
    {
        // Null: another consumer's, or done with before.
        if (await letters.ListAsync(stoppingToken).FirstOrDefaultAsync(letter => letter.Reference == reference, stoppingToken) is not { } letter)
            return;
        try
        {
            await letters.ReplayAsync(letter, stoppingToken);
            HandlerLog.Replayed(logger, letter.MessageReference, letter.Handler);
        }
        catch (Exception fault)
        {
            // Whatever a handler throws while the host stops: it is asked again after the next start.
            stoppingToken.ThrowIfCancellationRequested();
            HandlerLog.ReplayFailed(logger, fault, letter.Handler, letter.MessageReference, reference);
            await room.TellOfFailureAsync(letter, asking, fault, stoppingToken);
        }
    }

    private static string NameConsumer(string consumer)
    {
        const string ending = ".replays";
        return consumer[..Math.Min(consumer.Length, MessageHandlingOptions.ConsumerLength - ending.Length)] + ending;
    }
}
