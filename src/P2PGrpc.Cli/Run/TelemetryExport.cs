using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Cli.Run;

/// <summary>Hands a node's metrics and spans to those who want them: Prometheus, which fetches them, and a collector, to which they are sent. A node without either never comes here, so
/// that it pays for neither.</summary>
internal sealed class TelemetryExport : IAsyncDisposable
{
    private const string MetricsPath = "/metrics";

    /// <summary>Connections to the metrics: a few scrapers, and a person.</summary>
    private const int Connections = 16;

    /// <summary>How long the last measurements may take to get out, within the 5 s in which a node ends.</summary>
    private const int FlushMilliseconds = 500;

    private readonly MeterProvider meters;
    private readonly TracerProvider? traces;
    private readonly WebApplication? endpoint;

    private TelemetryExport(MeterProvider meters, TracerProvider? traces, WebApplication? endpoint)
    {
        this.meters = meters;
        this.traces = traces;
        this.endpoint = endpoint;
        MetricsAddress = endpoint?.Urls.FirstOrDefault() is { } url ? url + MetricsPath : null;
    }

    /// <summary>The URL of the metrics; null if they are not served.</summary>
    public string? MetricsAddress { get; }

    /// <summary>Starts what is wanted.</summary>
    /// <exception cref="CommandException">The address can't be listened on.</exception>
    public static async Task<TelemetryExport> StartAsync(TelemetryWishes wishes, string name, CancellationToken cancellationToken)
    {
        var meters = BuildMeters(wishes, resource => Describe(resource, name));
        var traces = wishes.SendsTraces
            ? Sdk.CreateTracerProviderBuilder().ConfigureResource(resource => Describe(resource, name)).AddSource(NodeDiagnostics.ActivitySourceName).AddOtlpExporter().Build()
            : null;
        try
        {
            return new TelemetryExport(meters, traces, wishes.Metrics is { } place ? await ServeAsync(place, meters, cancellationToken) : null);
        }
        catch
        {
            traces?.Dispose();
            meters.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (endpoint is not null)
            await endpoint.DisposeAsync();
        // A collector that is away must not hold up the end of a node.
        traces?.Shutdown(FlushMilliseconds);
        meters.Shutdown(FlushMilliseconds);
        traces?.Dispose();
        meters.Dispose();
    }

    private static MeterProvider BuildMeters(TelemetryWishes wishes, Action<ResourceBuilder> describe)
    {
        var builder = Sdk.CreateMeterProviderBuilder().ConfigureResource(describe).AddMeter(NodeDiagnostics.MeterName, "System.Runtime")
            // Its label is the name of whatever type was thrown.
            .AddView("dotnet.exceptions", MetricStreamConfiguration.Drop);
        if (wishes.SendsMetrics)
            builder.AddOtlpExporter();
        if (wishes.Metrics is not null)
            builder.AddPrometheusExporter(options => (options.ScopeInfoEnabled, options.TargetInfoEnabled) = (false, false));
        return builder.Build();
    }

    /// <summary>Who measures. The standard variables (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) outrank it.</summary>
    private static void Describe(ResourceBuilder resource, string name)
    {
        var version = typeof(TelemetryExport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        resource.Clear().AddService("p2pgrpc", serviceVersion: version, serviceInstanceId: name).AddTelemetrySdk().AddEnvironmentVariableDetector();
    }

    private static CommandException Explain(NodeStartException fault) => new(fault.Reason == ListenFaults.Missing ? ExitCodes.Failure : ExitCodes.Usage, fault.Message);

    private static async Task<WebApplication> ServeAsync(IPEndPoint place, MeterProvider meters, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.WebHost.UseKestrelCore().UseSockets().ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxConcurrentConnections = Connections;
            server.Listen(place, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var application = builder.Build();
        application.UseOpenTelemetryPrometheusScrapingEndpoint(
            meters, predicate: null, path: MetricsPath, configureBranchedPipeline: null, optionsName: null);
        try
        {
            await application.StartAsync(cancellationToken);
            return application;
        }
        catch (Exception fault) when (fault is SocketException or IOException or UnauthorizedAccessException)
        {
            await application.DisposeAsync();
            throw fault.InnerException is AddressInUseException
                ? new CommandException(ExitCodes.Failure, $"The address of the metrics {place} is taken by another program. Stop it, or give another one by --metrics.")
                : Explain(ListenFaults.Explain(fault, $"{place} for metrics", "--metrics"));
        }
    }
}
