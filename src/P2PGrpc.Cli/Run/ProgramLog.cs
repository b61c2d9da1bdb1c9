using Microsoft.Extensions.Logging;

namespace P2PGrpc.Cli.Run;

/// <summary>Log lines of the program around a node.</summary>
internal static partial class ProgramLog
{
    public const string Category = "P2PGrpc.Cli.Run";

    /// <summary>The category of what a reload has brought, which is said however little else is.</summary>
    public const string ReloadCategory = "P2PGrpc.Cli.Run.Reload";

    [LoggerMessage(1800, LogLevel.Warning, "Metrics or spans could not be sent to the collector; what is lost is not sent again: {Reason}")]
    public static partial void NotSent(ILogger logger, string reason);

    [LoggerMessage(1801, LogLevel.Information, "The options were read anew: {What}")]
    public static partial void Reloaded(ILogger logger, string what);

    [LoggerMessage(1803, LogLevel.Warning, "{Sentence}")]
    public static partial void UnknownVariable(ILogger logger, string sentence);

    [LoggerMessage(1802, LogLevel.Error, "The options can't be read anew: {Reason}")]
    public static partial void NotReloaded(ILogger logger, string reason);
}
