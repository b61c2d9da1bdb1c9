using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Wire;

/// <summary>Lets through at most one line per category and interval, so that what strangers do can't flood the log (V2). The next line says
/// how many were
/// left out. Lines are single lines without control characters, exceptions are reduced to their messages, and of the web framework only
/// warnings and errors come through, under a category and an event id of this project. Thread-safe. Does not own the factory that it wraps.</summary>
/// <param name="inner">Where the lines go.</param>
/// <param name="interval">The shortest time between two lines of one category.</param>
/// <param name="time">For the interval.</param>
/// <param name="limitsOwn">False: this project's own categories are passed on as they are, where they say only what is rare.</param>
internal sealed class RateLimitedLoggerFactory(ILoggerFactory inner, TimeSpan interval, TimeProvider time, bool limitsOwn = true) : ILoggerFactory
{
    /// <summary>The category of what the web framework says, and its event: one that docs/operations.md explains.</summary>
    private const string FrameworkCategory = "P2PGrpc.Node.Wire.WebServer";
    private static readonly EventId FrameworkEvent = new(1302, "WebServer");

    /// <summary>Where the framework's host says that it failed to start: whoever starts it gets the same as an exception, and says it better.</summary>
    private const string HostCategory = "Microsoft.Extensions.Hosting.";

    /// <summary>Where it says over and over that health is not what it could be, as an error without a reason. Whoever asks for health is answered, and what has happened
    /// to the node, or what its owner wants of it, is an event of its own.</summary>
    private const string HealthCategory = "Microsoft.Extensions.Diagnostics.HealthChecks.";

    public ILogger CreateLogger(string categoryName)
    {
        if (categoryName.StartsWith(HostCategory, StringComparison.Ordinal) || categoryName.StartsWith(HealthCategory, StringComparison.Ordinal))
            return NullLogger.Instance;
        var ours = categoryName.StartsWith("P2PGrpc.", StringComparison.Ordinal);
        if (ours && !limitsOwn)
            return inner.CreateLogger(categoryName);
        return ours
            ? new RateLimitedLogger(inner.CreateLogger(categoryName), LogLevel.Debug, null, interval, time)
            : new RateLimitedLogger(inner.CreateLogger(FrameworkCategory), LogLevel.Warning, FrameworkEvent, interval, time);
    }

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
    }

    private sealed class RateLimitedLogger(ILogger inner, LogLevel minimum, EventId? standsFor, TimeSpan interval, TimeProvider time) : ILogger
    {
        private const int LineLength = 400;

        private readonly Lock gate = new();
        private long? lastLine;
        private long suppressed;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= minimum && inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel) || !TryTakeTurn(out var leftOut))
                return;
            var line = formatter(state, null);
            if (exception is not null)
                line += $" {exception.GetType().Name}: {exception.Message}";
            line = DisplayText.Clean(line, LineLength);
            if (leftOut > 0)
                line += $" ({leftOut} more lines of this category were left out)";
            inner.Log(logLevel, standsFor ?? eventId, line, null, static (text, _) => text);
        }

        private bool TryTakeTurn(out long leftOut)
        {
            lock (gate)
            {
                leftOut = suppressed;
                if (lastLine is { } last && time.GetElapsedTime(last) < interval)
                {
                    suppressed++;
                    return false;
                }

                lastLine = time.GetTimestamp();
                suppressed = 0;
                return true;
            }
        }
    }
}
