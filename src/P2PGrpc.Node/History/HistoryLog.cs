using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.History;

/// <summary>What the history says in the program's log. Event ids 1400 to 1499.</summary>
internal static partial class HistoryLog
{
    [LoggerMessage(1400, LogLevel.Warning, "The history's index failed and will be tried again: {Reason}")]
    public static partial void Failed(ILogger logger, string reason);

    [LoggerMessage(1401, LogLevel.Information, "The history's index belongs to another state of the database and is built anew.")]
    public static partial void FeedChanged(ILogger logger);
}
