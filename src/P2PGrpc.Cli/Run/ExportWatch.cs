using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Cli.Run;

/// <summary>Hears from the library that sends metrics and spans why they do not arrive, which it tells nobody else, and says so in the log, once a minute at most. Thread-safe.</summary>
internal sealed class ExportWatch(TimeProvider time) : EventListener
{
    /// <summary>The name under which the exporter tells of itself.</summary>
    private const string Source = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    private const int LongestReason = 300;

    private readonly AnnouncementRate rate = new(1, TimeSpan.FromMinutes(1), time);
    private volatile ILogger? log;

    /// <summary>From now on it is said there. What came before comes again with the next attempt.</summary>
    public void Attach(ILogger target) => log = target;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Source)
            EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (log is { } target && rate.TryTake())
            ProgramLog.NotSent(target, Describe(eventData));
    }

    /// <summary>The first line: behind it comes where in the library it happened.</summary>
    private static string Describe(EventWrittenEventArgs told)
    {
        var text = told.Message ?? told.EventName ?? "";
        try
        {
            text = string.Format(CultureInfo.InvariantCulture, text, [.. told.Payload ?? (IEnumerable<object?>)[]]);
        }
        catch (FormatException)
        {
            // As it is, then.
        }

        return DisplayText.Clean(DisplayText.Sentence(text.ReplaceLineEndings("\n").Split('\n')[0]), LongestReason);
    }
}
