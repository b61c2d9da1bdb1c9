using System.Net;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>What supervisors and probes are told: that the node does its work, or why not; and at the health port nothing else.</summary>
public sealed class NodeHealthTests
{
    private const HealthCheckResponse.Types.ServingStatus Serving = HealthCheckResponse.Types.ServingStatus.Serving;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_embedded_node_is_healthy_from_its_start_to_its_end()
    {
        using var folder = new TemporaryFolder();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddP2PGrpcNode(options => (options.DataDirectory, options.Listen, options.Api) = (folder.Path, "127.0.0.1:0", "off"));
        using var host = builder.Build();
        var health = host.Services.GetRequiredService<NodeHealth>();

        Assert.Equal("The node does not run.", await health.FindFaultAsync(Token));
        await host.StartAsync(Token);
        Assert.Null(await health.FindFaultAsync(Token));
        await host.StopAsync(Token);
        Assert.Equal("The node does not run.", await health.FindFaultAsync(Token));
    }

    [Fact]
    public async Task A_store_that_hangs_is_a_fault_though_no_flag_says_so_and_none_once_it_goes_on()
    {
        var clock = new SteppedClock();
        await using var node = await RunningNode.StartAsync("node", clock, AdmissionPolicy.Known);
        using var gate = new BlockingOperation();
        var blocked = node.Runtime.Store.WriteAsync(gate, Token);
        gate.WaitUntilReached();
        var asked = node.Runtime.Vitals.FindFaultAsync(Token);
        Assert.False(asked.IsCompleted);
        clock.Advance(NodeVitals.AnswerTime);
        Assert.Equal("The store has not answered for 10 s.", await asked);

        gate.Open();
        await blocked;
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await node.Runtime.Vitals.FindFaultAsync(Token));
    }

    [Fact]
    public async Task The_health_port_tells_health_without_a_token_and_serves_nothing_else()
    {
        var clock = new SteppedClock();
        await using var node = await RunningNode.StartAsync(
            "node", settings => settings with { Health = new IPEndPoint(IPAddress.Loopback, 0) }, time: clock);
        using var channel = GrpcChannel.ForAddress(node.Runtime.HealthAddress!);
        var health = new Health.HealthClient(channel);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await CheckAsync("")).Status);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await CheckAsync("p2pgrpc.v1.PeerService")).Status);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => CheckAsync("another"))).StatusCode);

        var send = new PeerService.PeerServiceClient(channel).SendAsync(new SendRequest { To = "self", Text = "hello" }, cancellationToken: Token);
        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(() => send.ResponseAsync)).StatusCode);
        Assert.Equal(0ul, node.Runtime.Store.LastPosition);

        using var gate = new BlockingOperation();
        clock.Advance(TimeSpan.FromSeconds(1));
        var blocked = node.Runtime.Store.WriteAsync(gate, Token);
        gate.WaitUntilReached();
        var asked = node.Runtime.Vitals.FindFaultAsync(Token);
        clock.Advance(NodeVitals.AnswerTime);
        Assert.NotNull(await asked);
        // Within a second the port tells the same.
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await CheckAsync("")).Status);
        gate.Open();
        await blocked;

        async Task<HealthCheckResponse> CheckAsync(string service) => await health.CheckAsync(new HealthCheckRequest { Service = service }, cancellationToken: Token);
    }

    [Fact]
    public async Task A_node_that_is_drained_is_not_ready_for_clients_and_not_to_be_started_again()
    {
        await using var node = await RunningNode.StartAsync("node", settings => settings with { Health = new IPEndPoint(IPAddress.Loopback, 0) });
        using var channel = GrpcChannel.ForAddress(node.Runtime.HealthAddress!);
        var health = new Health.HealthClient(channel);
        Assert.Equal((Serving, Serving), await AskAsync());
        await node.Runtime.Upkeep.Draining.DrainAsync(new DrainRequest(), Token);
        Assert.Equal((Serving, HealthCheckResponse.Types.ServingStatus.NotServing), await AskAsync());
        await node.Runtime.Upkeep.Draining.DrainAsync(new DrainRequest { Off = true }, Token);
        Assert.Equal((Serving, Serving), await AskAsync());

        async Task<(HealthCheckResponse.Types.ServingStatus Alive, HealthCheckResponse.Types.ServingStatus Ready)> AskAsync() =>
            ((await health.CheckAsync(new HealthCheckRequest(), cancellationToken: Token)).Status,
            (await health.CheckAsync(new HealthCheckRequest { Service = "p2pgrpc.v1.PeerService" }, cancellationToken: Token)).Status);
    }

    private sealed class TemporaryFolder : IDisposable
    {
        private readonly string root = Directory.CreateTempSubdirectory("p2pgrpc-").FullName;

        public string Path => System.IO.Path.Combine(root, "node");

        public void Dispose() => Directory.Delete(root, recursive: true);
    }
}
