using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace P2PGrpc.Client;

/// <summary>The handlers of one client with what they need to run: for the service that reads, and for dead letters that are replayed.</summary>
internal sealed record HandlerSet(
    P2PGrpcClient Client, IReadOnlyList<HandlerRegistration> Handlers, MessageHandlingOptions Options, string Consumer, TimeProvider Time, DeadLetterWriter DeadLetters, HandlerRunner Runner)
{
    public static HandlerSet From(IServiceProvider services, string name)
    {
        var client = NamedClient.Find(services, name);
        var options = services.GetRequiredService<IOptionsMonitor<MessageHandlingOptions>>().Get(name);
        var consumer = options.Consumer
            ?? MessageHandlingOptions.NameAfter(services.GetService<IHostEnvironment>()?.ApplicationName ?? AppDomain.CurrentDomain.FriendlyName);
        var time = services.GetService<TimeProvider>() ?? TimeProvider.System;
        var logger = FindLogger(services);
        var standing = services.GetRequiredKeyedService<HandlerStanding>(name);
        IReadOnlyList<HandlerRegistration> handlers = [.. services.GetKeyedServices<HandlerRegistration>(name)];
        var deadLetters = new DeadLetterWriter(client, options.DeadLetterRoom, consumer, standing, time, logger);
        var runner = new HandlerRunner(client, handlers, options, services.GetRequiredService<IServiceScopeFactory>(), standing.Handlings, time, deadLetters, logger);
        return new HandlerSet(client, handlers, options, consumer, time, deadLetters, runner);
    }

    /// <summary>Hosts have a logger; a bare service collection need not.</summary>
    public static ILogger FindLogger(IServiceProvider services) =>
        (services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger("P2PGrpc.Client.Handlers");
}
