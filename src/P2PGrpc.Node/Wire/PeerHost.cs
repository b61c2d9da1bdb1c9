using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.AspNetCore.Server;
using Grpc.AspNetCore.Server.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Wire;

/// <summary>Where a node listens for other nodes.</summary>
/// <param name="Listen">Port 0 takes a free one; <see cref="PeerHost.LocalEndPoint"/> says which.</param>
/// <param name="Listeners">By what; null for sockets.</param>
internal sealed record PeerHostOptions(IPEndPoint Listen, IConnectionListenerFactory? Listeners = null);

/// <summary>The endpoint for other nodes: Kestrel with TLS 1.3 and certificates on both sides, HTTP/2, and the Link method only. A host of
/// its own,
/// so that no setting, environment variable or middleware of an embedding program reaches it.</summary>
internal sealed partial class PeerHost : IAsyncDisposable
{
    /// <summary>What Kestrel gets to close its connections after the callbacks' tokens were cancelled.</summary>
    private static readonly TimeSpan AbortTime = TimeSpan.FromSeconds(1);

    private readonly WebApplication application;
    private readonly CancellationTokenSource stopping;
    private readonly RateLimitedLoggerFactory loggers;

    private PeerHost(WebApplication application, CancellationTokenSource stopping, RateLimitedLoggerFactory loggers)
    {
        this.application = application;
        this.stopping = stopping;
        this.loggers = loggers;
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint LocalEndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Begins to listen.</summary>
    /// <param name="options">Where.</param>
    /// <param name="certificate">This process's certificate; not owned.</param>
    /// <param name="serve">Called for each Link call, on its own task; the call lives until it returns. Its token is cancelled when the
    /// call breaks or the host stops.</param>
    /// <param name="limits">What strangers may use up.</param>
    /// <param name="loggers">Where log lines go, rate-limited; not owned.</param>
    /// <param name="time">For the pauses between log lines, and before a connection is closed.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="NodeStartException">PORT_IN_USE, ADDRESS_MISSING, or OPTIONS_INVALID if this address can't be listened on.</exception>
    public static async Task<PeerHost> StartAsync(
        PeerHostOptions options, NodeCertificate certificate, Func<IFrameConnection, CancellationToken, Task> serve,
        WireLimits limits, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var stopping = new CancellationTokenSource();
        var limited = new RateLimitedLoggerFactory(loggers, limits.LogInterval, time);
        var host = new PeerHost(Build(options, certificate, serve, limits, limited, time, stopping.Token), stopping, limited);
        try
        {
            await host.application.StartAsync(cancellationToken);
            host.LocalEndPoint = host.FindLocalEndPoint(options.Listen.Address);
            return host;
        }
        catch (Exception error)
        {
            await host.DisposeAsync();
            throw Explain(error, options.Listen) ?? error;
        }
    }

    /// <summary>Stops listening and waits for the links to end. After <paramref name="timeout"/> their tokens are cancelled, and what is
    /// left then is cut off.</summary>
    public async Task StopAsync(TimeSpan timeout)
    {
        using var cut = new CancellationTokenSource(timeout + AbortTime);
        stopping.CancelAfter(timeout);
        await application.StopAsync(cut.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await application.DisposeAsync();
        stopping.Dispose();
        loggers.Dispose();
    }

    private static WebApplication Build(
        PeerHostOptions options, NodeCertificate certificate, Func<IFrameConnection, CancellationToken, Task> serve,
        WireLimits limits, RateLimitedLoggerFactory loggers, TimeProvider time, CancellationToken stopping)
    {
        // Empty: the other builders read settings files and ASPNETCORE_ variables, which could open more endpoints here.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "P2PGrpc.Node" });
        var services = builder.Services;
        services.AddSingleton<ILoggerFactory>(loggers);
        services.AddSingleton<IHostLifetime, DetachedLifetime>();
        services.AddRouting();
        services.AddGrpc();
        services.PostConfigure<GrpcServiceOptions>(grpc =>
        {
            grpc.MaxReceiveMessageSize = FrameLimits.MessageLength;
            grpc.MaxSendMessageSize = FrameLimits.MessageLength;
            // Frames are never compressed: a small message must not unfold into a large one. Cleared last, since AddGrpc fills an empty
            // list.
            grpc.CompressionProviders.Clear();
        });
        services.AddSingleton(new LinkService(serve, loggers.CreateLogger<LinkService>(), stopping));
        services.AddSingleton<IServiceMethodProvider<LinkService>, LinkServiceMethods>();
        // Before Kestrel adds sockets, which it does only where nothing else is there.
        if (options.Listeners is { } listeners)
            services.AddSingleton(listeners);
        var refusals = loggers.CreateLogger<PeerHost>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            Configure(kestrel, limits);
            kestrel.Listen(options.Listen, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = limits.HandshakeTimeout,
                    OnConnection = handshake =>
                        ValueTask.FromResult(CreateTlsOptions(certificate, handshake.Connection.RemoteEndPoint, refusals)),
                });
            });
        });
        var application = builder.Build();
        var parting = new ConnectionParting(limits.Parting, time);
        application.Use(next => context => parting.InvokeAsync(context, next));
        application.UseRouting();
        application.MapGrpcService<LinkService>();
        return application;
    }

    private static void Configure(KestrelServerOptions kestrel, WireLimits limits)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = limits.Connections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = 0;
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.HeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = limits.HeaderCount;
        kestrel.Limits.RequestHeadersTimeout = limits.IdleTimeout;
        kestrel.Limits.KeepAliveTimeout = limits.IdleTimeout;
        // Nothing but Link reads a body, and for Link gRPC lifts this and the request rate: a link is endless, and may be silent.
        kestrel.Limits.MaxRequestBodySize = FrameLimits.MessageLength;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = new MinDataRate(limits.SlowReaderRate, limits.SlowReaderGrace);
        kestrel.Limits.Http2.MaxStreamsPerConnection = limits.StreamsPerConnection;
        kestrel.Limits.Http2.InitialStreamWindowSize = limits.StreamWindow;
        kestrel.Limits.Http2.InitialConnectionWindowSize = limits.ConnectionWindow;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = limits.HeaderBytes;
        kestrel.Limits.Http2.KeepAlivePingDelay = limits.KeepAlive;
        kestrel.Limits.Http2.KeepAlivePingTimeout = limits.KeepAlive;
    }

    private static SslServerAuthenticationOptions CreateTlsOptions(NodeCertificate certificate, EndPoint? remote, ILogger logger) => new()
    {
        ServerCertificateContext = certificate.Context,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        CertificateChainPolicy = CertificatePolicy.CreateChainPolicy(),
        // A resumed session would skip the client's certificate.
        AllowTlsResume = false,
        AllowRenegotiation = false,
        RemoteCertificateValidationCallback = (_, presented, chain, _) =>
        {
            if (CertificatePolicy.TryRead(presented, chain, out _, out _, out var fault))
                return true;
            LogRefusal(logger, remote, fault);
            return false;
        },
    };

    private IPEndPoint FindLocalEndPoint(IPAddress address)
    {
        var server = application.Services.GetRequiredService<IServer>();
        var bound = server.Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new IPEndPoint(address, new Uri(bound).Port);
    }

    private static NodeStartException? Explain(Exception error, IPEndPoint listen)
    {
        if (error is IOException { InnerException: AddressInUseException })
        {
            return new NodeStartException(
                "PORT_IN_USE", $"Another program listens on {listen} already. Stop it, or choose another address with --listen.", error);
        }

        return error is SocketException or IOException or UnauthorizedAccessException
            ? ListenFaults.Explain(error, listen.ToString(), "--listen")
            : null;
    }

    [LoggerMessage(1701, LogLevel.Information, "Refused a connection from {Remote}: {Fault}.")]
    private static partial void LogRefusal(ILogger logger, EndPoint? remote, string fault);
}
