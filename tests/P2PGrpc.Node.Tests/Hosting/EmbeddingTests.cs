using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Tests.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

public sealed class EmbeddingTests : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("p2pgrpc-");

    [Fact]
    public async Task A_node_is_bound_to_the_configuration_and_its_health_says_whether_it_serves()
    {
        using var host = Build(new()
        {
            ["Node:Name"] = "dora",
            ["Node:DataDirectory"] = Path.Combine(data.FullName, "dora"),
            ["Node:Listen"] = "127.0.0.1:0",
            ["Node:Api"] = "off",
            ["Node:Accept"] = "Any",
            ["Node:Peers:0"] = "bob=127.0.0.1:1",
            ["Node:KeepDays"] = "30",
        });
        var health = host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);
        await host.StartAsync();
        var node = host.Services.GetRequiredService<INode>();
        Assert.Equal("bob", Assert.Single(node.ListPeers()).Alias);
        var report = await health.CheckHealthAsync();
        Assert.Equal(HealthStatus.Healthy, report.Status);
        Assert.Equal(node.Id.ToString(), report.Entries["p2pgrpc-node"].Data["peer_id"]);
        await node.DrainAsync(new DrainRequest(), TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Degraded, (await health.CheckHealthAsync()).Status);
        await host.StopAsync();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);
    }

    [Fact]
    public async Task A_node_in_a_host_logs_who_it_is_and_refuses_what_is_not_there()
    {
        using var lines = new RecordedLog();
        using var host = Build(
            new() { ["Node:DataDirectory"] = Path.Combine(data.FullName, "dora"), ["Node:Listen"] = "127.0.0.1:0", ["Node:Api"] = "off" },
            services => services.AddSingleton<ILoggerProvider>(lines));
        await host.StartAsync();
        var node = host.Services.GetRequiredService<INode>();
        Assert.Single(lines.Lines, line => line.Line.StartsWith($"The node has started. Peers reach it as {node.Address}; client endpoint: off; data: {data.FullName}", StringComparison.Ordinal));
        Assert.Equal("request", (await Assert.ThrowsAsync<ArgumentNullException>(() => node.SendAsync(null!))).ParamName);
        await host.StopAsync();
    }

    [Fact]
    public void A_key_of_the_configuration_that_is_no_option_is_an_error()
    {
        using var host = Build(new() { ["Node:Adress"] = "127.0.0.1:1" });
        Assert.Contains("'Adress'", Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredService<IOptions<NodeOptions>>().Value).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_on_a_full_disk_is_unhealthy_and_one_that_is_drained_degraded()
    {
        // Nor by its own look for room, which takes time, is the disk found to be free.
        using var host = Build(
            new() { ["Node:DataDirectory"] = Path.Combine(data.FullName, "dora"), ["Node:Listen"] = "127.0.0.1:0", ["Node:Api"] = "off" },
            services => services.AddSingleton<TimeProvider>(new SteppedClock()));
        await host.StartAsync();
        var health = host.Services.GetRequiredService<HealthCheckService>();
        var store = host.Services.GetRequiredService<EmbeddedNode>().Running!.Store;
        var full = new SqlOperation("", new SqliteException("database or disk is full", 13));
        await Assert.ThrowsAsync<StoreException>(() => store.WriteAsync(full, TestContext.Current.CancellationToken));
        var report = (await health.CheckHealthAsync()).Entries["p2pgrpc-node"];
        Assert.Equal((HealthStatus.Unhealthy, "The node takes no messages: The disk is full."), (report.Status, report.Description));

        var node = host.Services.GetRequiredService<INode>();
        await node.SendAsync(new SendRequest { To = "self", Text = "there is room again" });
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
        await node.DrainAsync(new DrainRequest());
        Assert.Equal(HealthStatus.Degraded, (await health.CheckHealthAsync()).Status);
        await host.StopAsync();
    }

    [Fact]
    public async Task Wrong_options_are_found_before_anything_of_the_host_starts()
    {
        var started = false;
        using var host = Build(new() { ["Node:DataDirectory"] = data.FullName, ["Node:Listen"] = "nowhere" }, services => services.AddHostedService(_ => new Note(() => started = true)));
        var refused = await Assert.ThrowsAsync<NodeStartException>(() => host.StartAsync());
        Assert.Equal("OPTIONS_INVALID", refused.Reason);
        Assert.False(started);
    }

    public void Dispose() => data.Delete(recursive: true);

    private static IHost Build(Dictionary<string, string?> values, Action<IServiceCollection>? add = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(values);
        add?.Invoke(builder.Services);
        builder.Services.AddP2PGrpcNode(builder.Configuration.GetSection("Node"));
        builder.Services.AddHealthChecks().AddP2PGrpcNode();
        return builder.Build();
    }

    /// <summary>Notes that it was started.</summary>
    private sealed class Note(Action started) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            started();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
