using System.Net;

namespace P2PGrpc.Cli.Run;

/// <summary>Who wants a node's metrics and spans. Knows nothing of the libraries that hand them over, which a node without such wishes never loads.</summary>
/// <param name="Metrics">Where Prometheus finds the metrics; null: nowhere.</param>
/// <param name="SendsMetrics">Whether a collector gets the metrics.</param>
/// <param name="SendsTraces">Whether a collector gets the spans.</param>
internal sealed record TelemetryWishes(IPEndPoint? Metrics, bool SendsMetrics, bool SendsTraces)
{
    public bool IsNothing => Metrics is null && !SendsMetrics && !SendsTraces;

    /// <summary>What the options and the standard variables of OpenTelemetry say.</summary>
    public static TelemetryWishes Read(RunSettings settings, Func<string, string?> environment)
    {
        var sends = !string.Equals(environment("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);
        return new TelemetryWishes(
            settings.Metrics, sends && (IsSet("OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")),
            sends && (IsSet("OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")));

        bool IsSet(string variable) => environment(variable) is { Length: > 0 };
    }
}
