using System.Collections.Concurrent;
using Google.Rpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Handlers;

/// <summary>Handlers that don't come to an end, and what can't be written: whoever looks after the service must learn of it.</summary>
public sealed class StuckHandlerTests : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly LogLines lines = new();

    [Fact]
    public async Task A_handler_that_never_returns_is_told_in_the_log_by_the_health_and_at_the_stop()
    {
        await using var node = await FakeNode.StartAsync();
        var (begun, released) = (new TaskCompletionSource(), new TaskCompletionSource());
        node.Feed.Receive("one");
        await using var host = await StartAsync(node, async _ =>
        {
            begun.TrySetResult();
            await released.Task;
        });
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((HealthStatus.Degraded, "The handler String has been at work on message log/1 for 1 min."), await CheckAsync(host));
        Assert.Single(lines.All, line => line.StartsWith("Handler String has been at work on message log/1 for 00:01:00", StringComparison.Ordinal));
        var stop = host.StopAsync();
        await Terminal.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return lines.All.Any(line => line.StartsWith("The stop waits for handler String, which is at work on message log/1", StringComparison.Ordinal));
        });
        released.SetResult();
        await stop;
    }

    [Fact]
    public async Task A_handler_whose_time_is_over_is_cancelled_and_that_is_a_failed_attempt()
    {
        await using var node = await FakeNode.StartAsync();
        var attempts = 0;
        node.Feed.Receive("one");
        await using var host = await StartAsync(
            node,
            async cancellationToken =>
            {
                attempts++;
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            },
            options => (options.HandlerTimeout, options.MaxAttempts) = (TimeSpan.FromSeconds(10), 2));
        await Terminal.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return node.Feed.Consumers.GetValueOrDefault(HandlerHost.Consumer) > 0;
        });
        Assert.Equal(2, attempts);
        await foreach (var letter in host.DeadLetters.ListAsync())
            Assert.Equal("TimeoutException: The handler did not end within its HandlerTimeout of 00:00:10.", letter.Error);
    }

    [Fact]
    public async Task A_dead_letter_that_can_not_be_written_is_told_by_the_health_until_it_is()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Refuses = FakePeerService.Refusal(Code.ResourceExhausted, "QUOTA", "no more today");
        node.Feed.Receive("poison");
        await using var host = await StartAsync(node, _ => throw new IOException("broken"));
        await Terminal.WaitAsync(() => !node.Peers.Sends.IsEmpty && host.Services.GetRequiredKeyedService<HandlerStanding>("").FindHoldUp() is not null);
        Assert.Equal((HealthStatus.Degraded, "The dead letter of message log/1 can't be written: no more today"), await CheckAsync(host));
        node.Peers.Refuses = null;
        await Terminal.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return node.Feed.Consumers.GetValueOrDefault(HandlerHost.Consumer) > 0;
        });
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
    }

    public void Dispose() => lines.Dispose();

    private static async Task<(HealthStatus Status, string? Words)> CheckAsync(HandlerHost host)
    {
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return (report.Status, report.Entries["p2pgrpc"].Description);
    }

    private Task<HandlerHost> StartAsync(FakeNode node, Func<CancellationToken, Task> handler, Action<MessageHandlingOptions>? configure = null) => HandlerHost.StartAsync(
        node,
        client =>
        {
            client.OnMessage<string>((_, cancellationToken) => handler(cancellationToken));
            client.Services.AddSingleton<ILoggerProvider>(lines);
            client.Services.AddHealthChecks().AddP2PGrpcClient();
        },
        configure, time);

    private sealed class LogLines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> All { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
