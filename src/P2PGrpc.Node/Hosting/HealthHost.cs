using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Hosting;

/// <summary>The health port: gRPC's health service and nothing else, without a token, for probes that have none and come from elsewhere (decision 0029). It tells
/// two bits to whoever reaches it: whether the node works, and whether it takes messages.</summary>
internal sealed class HealthHost : IAsyncDisposable
{
    /// <summary>Bytes of one request: the name of a service.</summary>
    private const int RequestLength = 1024;

    /// <summary>Calls at one time on one connection: a probe makes one.</summary>
    private const int Calls = 8;

    private const string Works = "node";
    private const string TakesMessages = "drain";

    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(1);

    private readonly InnerHost host;

    private HealthHost(InnerHost host) => this.host = host;

    /// <summary>The URL on which it listens.</summary>
    public string Address => host.Urls.First();

    /// <summary>Starts to serve.</summary>
    /// <exception cref="NodeStartException">PORT_IN_USE, or ADDRESS_MISSING, or OPTIONS_INVALID, if this address can't be listened on.</exception>
    public static async Task<HealthHost> StartAsync(
        IPEndPoint endpoint, NodeVitals vitals, DrainGate gate, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var host = InnerHost.Build(
            loggers, time,
            builder =>
            {
                AddServices(builder.Services, vitals, gate);
                builder.WebHost.ConfigureKestrel(server => Configure(server, endpoint));
            },
            application =>
            {
                application.UseRouting();
                application.Use(next => context => GrpcRequestCheck.InvokeAsync(context, next));
                application.MapGrpcHealthChecksService();
            });
        await host.StartAsync(fault => Explain(fault, endpoint), cancellationToken).ConfigureAwait(false);
        return new HealthHost(host);
    }

    private static NodeStartException Explain(Exception fault, IPEndPoint endpoint) => InnerHost.IsTaken(fault)
        ? new NodeStartException("PORT_IN_USE", $"The health port {endpoint} is taken by another program. Stop it, or give another address by --health.", fault)
        : ListenFaults.Explain(fault, $"{endpoint} for probes", "--health");

    private static void AddServices(IServiceCollection services, NodeVitals vitals, DrainGate gate)
    {
        services.AddGrpc(options => options.MaxReceiveMessageSize = RequestLength);
        services.AddGrpcHealthChecks(options =>
        {
            // Whether another start would help: a node that is drained is not to be killed before it has handed over what it has.
            options.Services.Map("", check => check.Name == Works);
            // Whether to send clients here.
            options.Services.Map(PeerService.Descriptor.FullName, _ => true);
        }).AddAsyncCheck(Works, async cancelled => await vitals.FindFaultAsync(cancelled).ConfigureAwait(false) is { } fault
            ? HealthCheckResult.Unhealthy(fault)
            : HealthCheckResult.Healthy())
            .AddCheck(TakesMessages, () => gate.IsClosed ? HealthCheckResult.Unhealthy(DrainGate.Reason) : HealthCheckResult.Healthy());
    }

    private static void Configure(KestrelServerOptions server, IPEndPoint endpoint)
    {
        server.AddServerHeader = false;
        server.Limits.Http2.MaxStreamsPerConnection = Calls;
        server.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        server.Listen(endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            // Nobody shows a token here: only so many connections are kept, and a new one takes the place of the oldest, so that a probe always comes in.
            var unproven = new UnprovenConnections();
            listen.Use(next => connection => unproven.InvokeAsync(connection, next));
        });
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(StopTime).ConfigureAwait(false);
        await host.DisposeAsync().ConfigureAwait(false);
    }
}
