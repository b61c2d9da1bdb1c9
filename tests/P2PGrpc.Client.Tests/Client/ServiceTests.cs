using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Client.Tests.Handlers;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

public sealed class ServiceTests
{
    [Fact]
    public async Task A_client_and_its_handlers_are_bound_to_the_configuration()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Node:DataDirectory"] = "/somewhere",
            ["Node:CallTimeout"] = "00:00:07",
            ["Handlers:Consumer"] = "mine",
            ["Handlers:StartAt"] = "Start",
            ["Handlers:MaxConcurrentMessages"] = "4",
            ["Handlers:LongestRetryDelay"] = "00:01:00",
        }).Build();
        var services = new ServiceCollection();
        services.AddP2PGrpcClient(configuration.GetSection("Node")).OnMessage((_, _) => Task.CompletedTask).ConfigureHandlers(configuration.GetSection("Handlers"));
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<IOptions<P2PGrpcClientOptions>>().Value;
        var handlers = provider.GetRequiredService<IOptions<MessageHandlingOptions>>().Value;
        Assert.Equal(("/somewhere", TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(10)), (client.DataDirectory, client.CallTimeout, client.RetryFor));
        Assert.Equal(("mine", StartAt.Start, 4, TimeSpan.FromMinutes(1)), (handlers.Consumer, handlers.StartAt, handlers.MaxConcurrentMessages, handlers.LongestRetryDelay));
    }

    [Fact]
    public async Task Interceptors_see_every_call_with_its_metadata_and_never_the_token()
    {
        await using var node = await FakeNode.StartAsync(socket: false);
        var services = new ServiceCollection();
        services.AddP2PGrpcClient(options => options.DataDirectory = node.Directory).AddInterceptor<Outer>().AddInterceptor<Inner>();
        services.AddSingleton<Calls>();
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<P2PGrpcClient>();
        await client.SendAsync("bob", "hello", new SendSettings { Metadata = new Metadata { { "tenant", "acme" } } });
        Assert.Equal(["outer tenant=acme", "inner tenant=acme"], provider.GetRequiredService<Calls>().Lines);
        Assert.Equal(1, node.Feed.Count);
    }

    [Fact]
    public async Task Clients_of_several_nodes_have_handlers_and_health_checks_of_their_own()
    {
        await using var one = await FakeNode.StartAsync();
        await using var two = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        Add("one", one);
        Add("two", two);
        builder.Services.AddHealthChecks().AddP2PGrpcClient("one").AddP2PGrpcClient("two", failureStatus: HealthStatus.Degraded);
        using var host = builder.Build();
        await host.StartAsync();
        one.Feed.Receive("for one");
        two.Feed.Receive("for two");
        await HandlerHost.WaitForAcknowledgedAsync(one);
        await HandlerHost.WaitForAcknowledgedAsync(two);
        Assert.Equal(["one for one", "two for two"], handled.Order());

        var health = host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
        one.Node.Store = (true, "The disk is full.");
        await two.StopAsync();
        var report = await health.CheckHealthAsync();
        Assert.Equal((HealthStatus.Unhealthy, "The node takes no messages: The disk is full."), (report.Entries["p2pgrpc-one"].Status, report.Entries["p2pgrpc-one"].Description));
        Assert.Equal(HealthStatus.Degraded, report.Entries["p2pgrpc-two"].Status);
        // Whether its connection broke or none came about depends on which is noticed first.
        Assert.Equal(P2PGrpcException.NodeUnreachable, Assert.IsType<P2PGrpcException>(report.Entries["p2pgrpc-two"].Exception).Reason);
        await host.StopAsync();

        void Add(string name, FakeNode node) => builder.Services.AddP2PGrpcClient(name, options => options.DataDirectory = node.Directory)
            .ConfigureHandlers(options => options.Consumer = HandlerHost.Consumer)
            .ConfigureHandlers(options => options.StartAt = StartAt.Start)
            .OnMessage<string>((text, _) =>
            {
                handled.Enqueue($"{name} {text}");
                return Task.CompletedTask;
            });
    }

    [Theory]
    [InlineData(true, "The disk is full.", false, "The node takes no messages: The disk is full.")]
    [InlineData(false, "The store has stopped writing.", false, "The node takes no messages: The store has stopped writing.")]
    [InlineData(true, "", true, "The node takes no messages: it is being drained.")]
    public async Task A_client_whose_node_takes_no_messages_is_unhealthy(bool writable, string error, bool draining, string words)
    {
        await using var node = await FakeNode.StartAsync();
        (node.Node.Store, node.Node.Draining) = ((writable, error), draining);
        var services = new ServiceCollection().AddLogging();
        services.AddP2PGrpcClient(options => options.DataDirectory = node.Directory);
        services.AddHealthChecks().AddP2PGrpcClient();
        await using var provider = services.BuildServiceProvider();
        var report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal((HealthStatus.Unhealthy, words), (report.Entries["p2pgrpc"].Status, report.Entries["p2pgrpc"].Description));
    }

    [Fact]
    public async Task Handlers_whose_conversation_is_not_known_are_degraded_until_it_is()
    {
        await using var node = await FakeNode.StartAsync();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.Services.AddP2PGrpcClient(options => options.DataDirectory = node.Directory)
            .OnMessage((_, _) => Task.CompletedTask).ConfigureHandlers(options => options.Conversation = "nobody");
        builder.Services.AddHealthChecks().AddP2PGrpcClient();
        using var host = builder.Build();
        await host.StartAsync();
        await Terminal.WaitAsync(() => host.Services.GetRequiredKeyedService<HandlerStanding>("").Fault is not null);
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal((HealthStatus.Degraded, "The handlers get no messages: nobody is unknown; near names: bob"), (report.Status, report.Entries["p2pgrpc"].Description));
        await host.StopAsync();
    }

    private sealed class Calls
    {
        public ConcurrentQueue<string> Lines { get; } = [];
    }

    private sealed class Outer(Calls calls) : Named(calls, "outer");

    private sealed class Inner(Calls calls) : Named(calls, "inner");

    private abstract class Named(Calls calls, string name) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            calls.Lines.Enqueue($"{name} {string.Join(' ', context.Options.Headers!.Select(header => $"{header.Key}={header.Value}"))}");
            return continuation(request, context);
        }
    }
}
