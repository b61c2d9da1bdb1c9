using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Api;

/// <summary>Log lines of the client endpoint.</summary>
internal static partial class ApiLog
{
    [LoggerMessage(1300, LogLevel.Error, "{Method} failed.")]
    public static partial void Failed(ILogger logger, Exception error, string method);
}
