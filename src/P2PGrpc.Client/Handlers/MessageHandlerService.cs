using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>Reads as a named consumer while the host runs, and hands messages to the handlers of one client.</summary>
internal sealed class MessageHandlerService(
    P2PGrpcClient client, HandlerRunner runner, int handlers, MessageHandlingOptions options, string consumer, HandlerStanding standing, TimeProvider time,
    ILogger logger) : BackgroundService
{
    /// <summary>Makes the service of a client with all that it needs.</summary>
    public static MessageHandlerService Create(IServiceProvider services, string name)
    {
        var set = services.GetRequiredKeyedService<HandlerSet>(name);
        return new MessageHandlerService(
            set.Client, set.Runner, set.Handlers.Count, set.Options, set.Consumer, services.GetRequiredKeyedService<HandlerStanding>(name), set.Time,
            HandlerSet.FindLogger(services));
    }

    public override Task StopAsync(CancellationToken cancellationToken) => standing.Handlings.WatchStopAsync(base.StopAsync(cancellationToken));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        HandlerLog.Reading(logger, handlers, consumer);
        var delay = new GrowingDelay(ClientLimits.LongestDelay, ClientLimits.LongestRefusal);
        while (true)
        {
            try
            {
                await ReadAsync(delay.Reset, stoppingToken);
            }
            catch (P2PGrpcException fault)
            {
                // A name that was taken over, a conversation that is not known yet, a damaged place: none of it ends a service that may outlive it.
                standing.Fault = fault;
                var pause = delay.Next();
                if (fault.RetryDelay is { } asked && asked > pause)
                    pause = asked;
                HandlerLog.SubscriptionRefused(logger, consumer, pause, fault.Message);
                await Task.Delay(pause, time, stoppingToken);
            }
        }
    }

    // One subscription until it is refused. What was read of it is handled before the next begins, which so begins behind it.
    private async Task ReadAsync(Action succeeded, CancellationToken stoppingToken)
    {
        var places = new HandledPlaces(client, consumer, options.MaxUnacknowledgedMessages, time, logger);
        using var telling = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var teller = places.RunAsync(telling.Token);
        var lanes = new HandlerLanes(options.MaxConcurrentMessages, runner, places, stoppingToken);
        try
        {
            await foreach (var response in client.SubscribeBatchesAsync(CreateSettings(), stoppingToken))
            {
                standing.Succeed();
                succeeded();
                foreach (var batch in response.Batches)
                {
                    if (ErasedMessages.From(batch) is { } erased)
                        HandlerLog.Erased(logger, erased.Count, erased.Author, consumer);
                    foreach (var message in ReceivedMessage.Read(batch))
                        await lanes.AddAsync(message, message.Cursor is { } cursor ? await places.BeginAsync(cursor, stoppingToken) : null, stoppingToken);
                }
                if (response.Cursor is { } end)
                    await places.PassAsync(FeedCursor.FromProtocol(end), stoppingToken);
            }
        }
        finally
        {
            try
            {
                await lanes.CompleteAsync();
            }
            finally
            {
                await telling.CancelAsync();
                await teller.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await places.FlushAsync();
            }
        }
    }

    private SubscribeSettings CreateSettings() => new()
    {
        Consumer = consumer,
        StartAt = options.StartAt,
        Conversation = options.Conversation,
        IncludeOwn = options.IncludeOwn,
        Interrupted = fault =>
        {
            if (standing.Fault is null)
                HandlerLog.Interrupted(logger, consumer, fault.Message);
            standing.Fault = fault;
        },
    };
}
