using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Hosting;

/// <summary>The client endpoint: a Unix socket for this user, and if wanted a TCP address with a token. Serves everything but Link.</summary>
internal sealed class ClientHost : IAsyncDisposable
{
    /// <summary>Bytes of one request: a batch of SendStream and its frame fit.</summary>
    private const int RequestLength = 2 * 1024 * 1024;

    /// <summary>Connections at one time: programs of one machine, each with one. Those without the token can't take them all: see <see cref="UnprovenConnections"/>.</summary>
    private const int Connections = 1000;

    /// <summary>Bytes of the longest path that a Unix socket can have on Linux (sun_path less its terminator).</summary>
    private const int SocketPathLength = 107;

    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    private readonly InnerHost host;

    private ClientHost(InnerHost host)
    {
        this.host = host;
        Address = host.Urls.FirstOrDefault(url => !url.Contains("unix:", StringComparison.Ordinal) && !url.Contains(".sock", StringComparison.Ordinal));
    }

    /// <summary>The URL of the TCP endpoint; null if there is none.</summary>
    public string? Address { get; }

    /// <summary>Starts to serve.</summary>
    /// <exception cref="NodeStartException">PORT_IN_USE; ADDRESS_MISSING, or OPTIONS_INVALID, if this address can't be listened on; or the certificate can't be used.</exception>
    public static async Task<ClientHost> StartAsync(
        NodeSettings settings, string socketPath, string? token, ApiServices services,
        Func<bool> isHealthy, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        ClearSocket(socketPath);
        var hasSocket = Encoding.UTF8.GetByteCount(socketPath) <= SocketPathLength;
        if (!hasSocket)
            ApiLog.NoSocket(loggers.CreateLogger<ClientHost>(), socketPath, SocketPathLength);
        var certificate = ApiCertificate.Load(settings, time, loggers.CreateLogger<ClientHost>());
        var host = InnerHost.Build(
            loggers, time,
            builder =>
            {
                AddServices(builder.Services, isHealthy);
                services.AddTo(builder.Services);
                builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(server => Configure(server, settings, hasSocket ? socketPath : null, certificate));
            },
            application => Map(application, new TokenCheck(token, services.Calls.Refused)));

        // Without any endpoint Kestrel would listen on one of its own choice.
        if (hasSocket || settings.Api is not null)
            await host.StartAsync(fault => Explain(fault, settings, socketPath), cancellationToken).ConfigureAwait(false);
        if (hasSocket && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(socketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return new ClientHost(host);
    }

    private static NodeStartException Explain(Exception fault, NodeSettings settings, string socketPath) => fault switch
    {
        _ when InnerHost.IsTaken(fault) => new NodeStartException(
            "PORT_IN_USE", $"The client endpoint {settings.Api} is taken by another program. Stop it, or give another address by --api.", fault),
        _ when settings.Api is { } api => ListenFaults.Explain(fault, $"{api} for clients", "--api"),
        _ => new NodeStartException("DIRECTORY_UNUSABLE", $"The socket for clients {socketPath} can't be made: {DisplayText.Sentence(fault.Message)} Give another directory with --data.", fault),
    };

    private static void AddServices(IServiceCollection services, Func<bool> isHealthy)
    {
        services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = RequestLength;
            options.Interceptors.Add<CallMeter>();
            options.Interceptors.Add<ErrorInterceptor>();
        });
        services.AddGrpcReflection();
        services.AddGrpcHealthChecks(options =>
        {
            options.Services.Map("", _ => true);
            options.Services.Map(PeerService.Descriptor.FullName, _ => true);
        }).AddCheck("store", () => isHealthy() ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());
    }

    private static void Map(WebApplication application, TokenCheck tokens)
    {
        application.UseRouting();
        application.Use(next => context => GrpcRequestCheck.InvokeAsync(context, next));
        application.Use(next => context => tokens.InvokeAsync(context, next));
        ApiServices.Map(application);
        application.MapGrpcReflectionService();
        application.MapGrpcHealthChecksService();
    }

    /// <summary>Takes away what a process that was killed has left.</summary>
    private static void ClearSocket(string path)
    {
        if (Directory.Exists(path))
            throw new NodeStartException(
                "DIRECTORY_UNUSABLE", $"{path} is a directory, where the node's socket for clients belongs. Move it away, or give another directory with --data.");
        File.Delete(path);
    }

    private static void Configure(KestrelServerOptions server, NodeSettings settings, string? socketPath, X509Certificate2? certificate)
    {
        server.AddServerHeader = false;
        server.Limits.MaxConcurrentConnections = Connections;
        server.Limits.MinRequestBodyDataRate = null;
        server.Limits.MinResponseDataRate = null;
        server.Limits.Http2.KeepAlivePingDelay = KeepAlive;
        server.Limits.Http2.InitialConnectionWindowSize = 8 * 1024 * 1024;
        server.Limits.Http2.InitialStreamWindowSize = 4 * 1024 * 1024;
        server.Limits.Http2.MaxStreamsPerConnection = 1000;
        if (socketPath is not null)
            server.ListenUnixSocket(socketPath, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.Use(next => connection =>
                {
                    connection.Features.Set(UnixSocketMark.Instance);
                    return next(connection);
                });
            });
        if (settings.Api is { } api)
            server.Listen(api, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                var unproven = new UnprovenConnections();
                listen.Use(next => connection => unproven.InvokeAsync(connection, next));
                if (certificate is not null)
                    listen.UseHttps(certificate);
            });
    }

    /// <inheritdoc cref="InnerHost.StopAsync"/>
    public Task StopAsync(TimeSpan timeout) => host.StopAsync(timeout);

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
