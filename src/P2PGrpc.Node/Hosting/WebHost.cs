using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
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
    private readonly InnerHost host;

    private WebHost(InnerHost host)
    {
        this.host = host;
        Address = host.Urls.First();
    }

    /// <summary>Its URL.</summary>
    public string Address { get; }

    /// <summary>Starts to serve.</summary>
    /// <returns>Null if the settings name no address for it.</returns>
    /// <exception cref="NodeStartException">PORT_IN_USE; ADDRESS_MISSING, or OPTIONS_INVALID, if this address can't be listened on; or the certificate can't be used.</exception>
    public static async Task<WebHost?> StartAsync(
        NodeSettings settings, string? token, ApiServices services, RequestMeter requests, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        if (settings.Web is null || token is null)
            return null;
        // The client endpoint, which serves with the same certificate, has warned of its dates already.
        var certificate = ApiCertificate.Load(settings, time, NullLogger.Instance);
        var check = new WebRequestCheck(new TokenCheck(token, services.Calls.Refused), settings.WebOrigins, name => certificate?.MatchesHostname(name) == true);
        var host = InnerHost.Build(
            loggers, time,
            builder =>
            {
                AddServices(builder.Services);
                services.AddTo(builder.Services);
                builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(server => Configure(server, settings, certificate));
            },
            application => Map(application, check, services, requests, time));
        await host.StartAsync(fault => Explain(fault, settings), cancellationToken).ConfigureAwait(false);
        return new WebHost(host);
    }

    private static NodeStartException Explain(Exception fault, NodeSettings settings) => InnerHost.IsTaken(fault)
        ? new NodeStartException("PORT_IN_USE", $"The web endpoint {settings.Web} is taken by another program. Stop it, or give another address by --web.", fault)
        : ListenFaults.Explain(fault, $"{settings.Web} for the web endpoint", "--web");

    private static void AddServices(IServiceCollection collection)
    {
        collection.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = WebLimits.RequestBytes;
            options.IgnoreUnknownServices = true;
            options.Interceptors.Add<CallMeter>();
            options.Interceptors.Add<ErrorInterceptor>();
        });
        collection.AddSingleton<JsonErrors>();
    }

    private static void Map(WebApplication application, WebRequestCheck check, ApiServices services, RequestMeter requests, TimeProvider time)
    {
        var errors = application.Services.GetRequiredService<JsonErrors>();
        application.Use(next => context => requests.InvokeAsync(context, next));
        application.Use(next => context => errors.InvokeAsync(context, next));
        application.Use(next => context => check.InvokeAsync(context, next));
        application.UseRouting();
        application.Use(next => context => GrpcWebCheck.InvokeAsync(context, next));
        application.UseGrpcWeb(new GrpcWebOptions { DefaultEnabled = true });
        ApiServices.Map(application);

        var methods = new JsonMethods(application.Services.GetRequiredService<ErrorInterceptor>(), services.Calls, time);
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

    /// <inheritdoc cref="InnerHost.StopAsync"/>
    public Task StopAsync(TimeSpan timeout) => host.StopAsync(timeout);

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
