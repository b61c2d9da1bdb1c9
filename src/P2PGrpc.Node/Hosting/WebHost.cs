using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Grpc.AspNetCore.Server.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Web;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Hosting;

/// <summary>The web endpoint, which is off unless the owner wants it: the services for clients as JSON over HTTP, and as gRPC-Web, for scripts and for pages of listed
/// origins. The token is always needed.</summary>
internal sealed class WebHost : IAsyncDisposable
{
    /// <summary>The shortest time between two log lines of one category: what programs without the token do must not fill the log (V2).</summary>
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly WebApplication application;
    private readonly RateLimitedLoggerFactory loggers;

    private WebHost(WebApplication application, RateLimitedLoggerFactory loggers)
    {
        this.application = application;
        this.loggers = loggers;
        Address = application.Urls.First();
    }

    /// <summary>Its URL.</summary>
    public string Address { get; }

    /// <summary>Starts to serve.</summary>
    /// <returns>Null if the settings name no address for it.</returns>
    /// <exception cref="NodeStartException">PORT_IN_USE; OPTIONS_INVALID if this address can't be listened on; or the certificate can't be used.</exception>
    public static async Task<WebHost?> StartAsync(
        NodeSettings settings, string? token, ApiServices services, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        if (settings.Web is null || token is null)
            return null;
        var limited = new RateLimitedLoggerFactory(loggers, LogInterval, time, limitsOwn: false);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(limited);
        builder.Services.AddSingleton<IHostLifetime, DetachedLifetime>();
        AddServices(builder.Services, services);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseSockets();
        // The client endpoint, which serves with the same certificate, has warned of its dates already.
        var certificate = ApiCertificate.Load(settings, time, NullLogger.Instance);
        builder.WebHost.ConfigureKestrel(server => Configure(server, settings, certificate));

        var application = builder.Build();
        Map(application, new WebRequestCheck(new TokenCheck(token, services.Calls.Refused), settings.WebOrigins, name => certificate?.MatchesHostname(name) == true), services, time);
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is SocketException or IOException or UnauthorizedAccessException)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw Explain(fault, settings);
        }

        return new WebHost(application, limited);
    }

    private static NodeStartException Explain(Exception fault, NodeSettings settings) => fault is { InnerException: AddressInUseException }
        ? new NodeStartException("PORT_IN_USE", $"The web endpoint {settings.Web} is taken by another program. Stop it, or give another address by --web.", fault)
        : new NodeStartException(
            "OPTIONS_INVALID", $"This machine can't listen on {settings.Web} for the web endpoint: {fault.Message}. Choose another address with --web.", fault);

    private static void AddServices(IServiceCollection collection, ApiServices services)
    {
        collection.AddRoutingCore();
        collection.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = WebLimits.RequestBytes;
            options.IgnoreUnknownServices = true;
            options.Interceptors.Add<ErrorInterceptor>();
        });
        collection.AddSingleton<ErrorInterceptor>();
        collection.AddSingleton<JsonErrors>();
        collection.AddSingleton<IServiceMethodProvider<MessageStreamService>, MessageStreamMethods>();
        collection.AddSingleton(services.Peer);
        collection.AddSingleton(services.Streams);
        collection.AddSingleton(services.Node);
        collection.AddSingleton(services.Conversations);
    }

    private static void Map(WebApplication application, WebRequestCheck check, ApiServices services, TimeProvider time)
    {
        var errors = application.Services.GetRequiredService<JsonErrors>();
        application.Use(next => context => errors.InvokeAsync(context, next));
        application.Use(next => context => check.InvokeAsync(context, next));
        application.UseRouting();
        application.Use(next => context => GrpcWebCheck.InvokeAsync(context, next));
        application.UseGrpcWeb(new GrpcWebOptions { DefaultEnabled = true });
        application.MapGrpcService<PeerApiService>();
        // Before the generated methods of the same names, as at the client endpoint.
        application.MapGrpcService<MessageStreamService>().WithOrder(-1);
        application.MapGrpcService<NodeApiService>();
        application.MapGrpcService<ConversationApiService>();

        var methods = new JsonMethods(application.Services.GetRequiredService<ErrorInterceptor>(), time);
        PeerService.BindService(methods, services.Peer);
        NodeService.BindService(methods, services.Node);
        ConversationService.BindService(methods, services.Conversations);
        methods.AddStream<SubscribeRequest, SubscribeResponse>($"/{PeerService.Descriptor.FullName}/Subscribe", services.Streams.SubscribeAsync);
        foreach (var rule in HttpRules.All)
            application.MapMethods(rule.Path, [rule.Verb], methods.Serve(rule)).WithDisplayName(rule.FullName);
        var document = OpenApiDocument.Write(HttpRules.All);
        application.MapGet("/openapi.json", context =>
        {
            context.Response.ContentType = JsonForm.MediaType;
            return context.Response.Body.WriteAsync(document, context.RequestAborted).AsTask();
        });
    }

    private static void Configure(KestrelServerOptions server, NodeSettings settings, X509Certificate2? certificate)
    {
        server.AddServerHeader = false;
        server.Limits.MaxConcurrentConnections = WebLimits.Connections;
        server.Limits.MaxRequestBodySize = WebLimits.RequestBytes;
        server.Limits.MinResponseDataRate = new MinDataRate(WebLimits.ReaderBytesPerSecond, WebLimits.ReaderPatience);
        server.Limits.Http2.MaxStreamsPerConnection = WebLimits.StreamsPerConnection;
        server.Listen(settings.Web!, listen =>
        {
            // In clear there is nothing by which a server could tell the two versions apart, and browsers speak HTTP/2 over TLS only.
            listen.Protocols = certificate is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
            var unproven = new UnprovenConnections();
            listen.Use(next => connection => unproven.InvokeAsync(connection, next));
            if (certificate is not null)
                listen.UseHttps(certificate);
        });
    }

    /// <summary>Stops taking calls and gives those at work their moment.</summary>
    public async Task StopAsync(TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        await application.StopAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await application.DisposeAsync().ConfigureAwait(false);
        loggers.Dispose();
    }
}
