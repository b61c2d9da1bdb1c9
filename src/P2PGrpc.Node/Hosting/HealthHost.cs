using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Hosting;

/// <summary>The health port: gRPC's health service and nothing else, without a token, for probes that have none and come from elsewhere (decision 0029). It tells
/// one bit to whoever reaches it.</summary>
internal sealed class HealthHost : IAsyncDisposable
{
    /// <summary>Bytes of one request: the name of a service.</summary>
    private const int RequestLength = 1024;

    /// <summary>Calls at one time on one connection: a probe makes one.</summary>
    private const int Calls = 8;

    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(1);

    private readonly WebApplication application;
    private readonly RateLimitedLoggerFactory loggers;

    private HealthHost(WebApplication application, RateLimitedLoggerFactory loggers)
    {
        this.application = application;
        this.loggers = loggers;
    }

    /// <summary>The URL on which it listens.</summary>
    public string Address => application.Urls.First();

    /// <summary>Starts to serve.</summary>
    /// <exception cref="NodeStartException">PORT_IN_USE, or OPTIONS_INVALID if this address can't be listened on.</exception>
    public static async Task<HealthHost> StartAsync(
        IPEndPoint endpoint, NodeVitals vitals, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var limited = new RateLimitedLoggerFactory(loggers, LogInterval, time, limitsOwn: false);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(limited);
        builder.Services.AddSingleton<IHostLifetime, DetachedLifetime>();
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = RequestLength);
        builder.Services.AddGrpcHealthChecks(options =>
        {
            options.Services.Map("", _ => true);
            options.Services.Map(PeerService.Descriptor.FullName, _ => true);
        }).AddAsyncCheck("node", async cancelled => await vitals.FindFaultAsync(cancelled).ConfigureAwait(false) is { } fault
            ? HealthCheckResult.Unhealthy(fault)
            : HealthCheckResult.Healthy());
        builder.WebHost.UseKestrelCore().UseSockets().ConfigureKestrel(server => Configure(server, endpoint));
        var application = builder.Build();
        application.UseRouting();
        application.Use(next => context => GrpcRequestCheck.InvokeAsync(context, next));
        application.MapGrpcHealthChecksService();
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is SocketException or IOException or UnauthorizedAccessException)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            limited.Dispose();
            throw fault.InnerException is AddressInUseException
                ? new NodeStartException("PORT_IN_USE", $"The health port {endpoint} is taken by another program. Stop it, or give another address by --health.", fault)
                : new NodeStartException(
                    "OPTIONS_INVALID", $"This machine can't listen on {endpoint} for probes: {fault.Message}. Choose another address with --health.", fault);
        }

        return new HealthHost(application, limited);
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
        using var limit = new CancellationTokenSource(StopTime);
        await application.StopAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await application.DisposeAsync().ConfigureAwait(false);
        loggers.Dispose();
    }
}
