using System.CommandLine;
using System.Net;
using P2PGrpc.Cli;
using P2PGrpc.Cli.Run;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class TelemetryOptionTests
{
    private readonly Dictionary<string, string> environment = [];

    [Theory]
    [InlineData("9464", "127.0.0.1:9464")]
    [InlineData("0.0.0.0:9464", "0.0.0.0:9464")]
    [InlineData("[::1]:9464", "[::1]:9464")]
    [InlineData("off", null)]
    public void Metrics_are_on_loopback_unless_said_otherwise(string text, string? place)
    {
        Assert.Equal(place is null ? null : IPEndPoint.Parse(place), Read("--metrics", text).Metrics);
        environment["P2PGRPC_METRICS"] = text;
        Assert.Equal(place is null ? null : IPEndPoint.Parse(place), Read().Metrics);
    }

    [Theory]
    [InlineData("--metrics", "localhost")]
    [InlineData("--metrics", "99999")]
    [InlineData("--metrics", "127.0.0.1")]
    [InlineData("--log", "xml")]
    public void What_can_not_be_meant_is_refused(string option, string text) =>
        Assert.Contains(text, Assert.Throws<CommandException>(() => Read(option, text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Nothing_is_exported_unless_somebody_asks()
    {
        Assert.True(Wishes().IsNothing);
        Assert.False(Read().LogsJson);
        Assert.True(Read("--log", "json").LogsJson);
        environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://127.0.0.1:4318/v1/traces";
        Assert.Equal(new TelemetryWishes(null, SendsMetrics: false, SendsTraces: true), Wishes());
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:4318";
        Assert.Equal(new TelemetryWishes(null, SendsMetrics: true, SendsTraces: true), Wishes());
        environment["OTEL_SDK_DISABLED"] = "true";
        Assert.True(Wishes().IsNothing);
    }

    /// <summary>The library would take its default, and nothing would arrive.</summary>
    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://127.0.0.1")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "127.0.0.1:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "foo")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL", "10s")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "-1")]
    public void A_variable_of_the_export_that_can_not_be_meant_is_refused_by_its_name(string variable, string text)
    {
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:4318";
        environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        Assert.True(Wishes().Sends);
        environment[variable] = text;
        var refused = Assert.Throws<CommandException>(Wishes);
        Assert.StartsWith($"{variable} is '{text}': write ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, refused.ExitCode);
        // Where nothing is sent it is another program's business.
        environment["OTEL_SDK_DISABLED"] = "true";
        Assert.True(Wishes().IsNothing);
    }

    private TelemetryWishes Wishes() => TelemetryWishes.Read(Read(), name => environment.GetValueOrDefault(name));

    private RunSettings Read(params string[] arguments)
    {
        var command = new Command("run");
        var options = RunOptions.AddTo(command);
        var parsed = command.Parse(arguments);
        Assert.Empty(parsed.Errors);
        return options.Read(parsed, name => environment.GetValueOrDefault(name));
    }
}
