using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client.Tests.Handlers;

/// <summary>A host with the client of a fake node and some handlers, as a service would have them.</summary>
internal sealed class HandlerHost : IAsyncDisposable
{
    public const string Consumer = "tests";

    private readonly IHost host;

    private HandlerHost(IHost host) => this.host = host;

    public IServiceProvider Services => host.Services;

    public P2PGrpcClient Client => Services.GetRequiredService<P2PGrpcClient>();

    public DeadLetters DeadLetters => Services.GetRequiredService<DeadLetters>();

    /// <summary>Starts, reading all from the beginning, without pauses between attempts.</summary>
    public static async Task<HandlerHost> StartAsync(
        FakeNode node, Action<P2PGrpcClientBuilder> add, Action<MessageHandlingOptions>? configure = null, TimeProvider? time = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        if (time is not null)
            builder.Services.AddSingleton(time);
        var client = builder.Services.AddP2PGrpcClient(options => options.DataDirectory = node.Directory);
        client.ConfigureHandlers(options =>
        {
            options.Consumer = Consumer;
            options.StartAt = StartAt.Start;
            options.FirstRetryDelay = options.LongestRetryDelay = TimeSpan.Zero;
        });
        if (configure is not null)
            client.ConfigureHandlers(configure);
        add(client);
        var host = builder.Build();
        await host.StartAsync();
        return new HandlerHost(host);
    }

    /// <summary>Waits until the consumer has acknowledged all that the node holds.</summary>
    public static Task WaitForAcknowledgedAsync(FakeNode node) =>
        Terminal.WaitAsync(() => node.Feed.Consumers.GetValueOrDefault(Consumer) == node.Feed.LastPosition);

    /// <summary>Waits until the consumer has acknowledged the first messages, whatever was written after them.</summary>
    public static Task WaitForAcknowledgedAsync(FakeNode node, int messages) =>
        Terminal.WaitAsync(() => node.Feed.Consumers.GetValueOrDefault(Consumer) >= (ulong)messages);

    public Task StopAsync() => host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        switch (host)
        {
            case IAsyncDisposable disposable:
                await disposable.DisposeAsync();
                break;
            default:
                host.Dispose();
                break;
        }
    }
}
