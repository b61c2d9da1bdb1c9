using System.Globalization;
using System.Net;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Cli.Run;

/// <summary>Who wants a node's metrics and spans. Knows nothing of the libraries that hand them over, which a node without such wishes never loads.</summary>
/// <param name="Metrics">Where Prometheus finds the metrics; null: nowhere.</param>
/// <param name="SendsMetrics">Whether a collector gets the metrics.</param>
/// <param name="SendsTraces">Whether a collector gets the spans.</param>
internal sealed record TelemetryWishes(IPEndPoint? Metrics, bool SendsMetrics, bool SendsTraces)
{
    private const int LongestValue = 200;
    private const string Milliseconds = "a number of milliseconds";

    public bool IsNothing => Metrics is null && !Sends;

    /// <summary>Whether a collector gets anything.</summary>
    public bool Sends => SendsMetrics || SendsTraces;

    /// <summary>What the options and the standard variables of OpenTelemetry say.</summary>
    /// <exception cref="CommandException">A variable holds what it can't.</exception>
    public static TelemetryWishes Read(RunSettings settings, Func<string, string?> environment)
    {
        var sends = !string.Equals(environment("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);
        var wishes = new TelemetryWishes(
            settings.Metrics, sends && (IsSet("OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")),
            sends && (IsSet("OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")));
        if (wishes.Sends)
            Check(environment);
        return wishes;

        bool IsSet(string variable) => environment(variable) is { Length: > 0 };
    }

    /// <summary>The library takes its default for what it can't use, and says so nowhere.</summary>
    private static void Check(Func<string, string?> environment)
    {
        foreach (var signal in new[] { "", "METRICS_", "TRACES_" })
        {
            Demand($"OTEL_EXPORTER_OTLP_{signal}ENDPOINT", "the URL of a collector, such as http://127.0.0.1:4317", IsUrl);
            Demand($"OTEL_EXPORTER_OTLP_{signal}PROTOCOL", "grpc or http/protobuf", text => text is "grpc" or "http/protobuf");
            Demand($"OTEL_EXPORTER_OTLP_{signal}TIMEOUT", Milliseconds, IsNumber);
        }

        Demand("OTEL_METRIC_EXPORT_INTERVAL", Milliseconds, IsNumber);
        Demand("OTEL_METRIC_EXPORT_TIMEOUT", Milliseconds, IsNumber);

        void Demand(string variable, string form, Func<string, bool> isRight)
        {
            if (environment(variable) is { Length: > 0 } text && !isRight(text))
                throw CommandException.Usage($"{variable} is '{DisplayText.Clean(text, LongestValue)}': write {form}.");
        }
    }

    private static bool IsUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.Host.Length > 0;

    private static bool IsNumber(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
}
