using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Logs;

/// <summary>What retention says in the program's log.</summary>
internal static partial class RetentionLog
{
    [LoggerMessage(1015, LogLevel.Warning, "What is kept no longer could not be erased; it is tried again. {Reason}")]
    public static partial void Failed(ILogger logger, string reason);
}
