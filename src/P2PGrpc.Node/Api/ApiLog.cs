using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Api;

/// <summary>Log lines of the client endpoint.</summary>
internal static partial class ApiLog
{
    [LoggerMessage(1300, LogLevel.Error, "{Method} failed.")]
    public static partial void Failed(ILogger logger, Exception error, string method);

    [LoggerMessage(1301, LogLevel.Warning,
        "There is no Unix socket, because its path is longer than {Length} bytes: {Path}. Clients can use the TCP address only (--api), or choose a shorter data directory.")]
    public static partial void NoSocket(ILogger logger, string path, int length);

    [LoggerMessage(1303, LogLevel.Warning, "The file {Path} can't be written: {Reason} Clients reach the node by its Unix socket, or give its address (--api).")]
    public static partial void NoAddressFile(ILogger logger, string path, string reason);

    [LoggerMessage(1305, LogLevel.Information, "The node is being drained: it takes no new messages, and tells those who ask for its health. {Undelivered} are not delivered yet.")]
    public static partial void Drained(ILogger logger, ulong undelivered);

    [LoggerMessage(1306, LogLevel.Information, "The node takes messages again.")]
    public static partial void DrainedNoMore(ILogger logger);

    [LoggerMessage(1304, LogLevel.Warning,
        "The client endpoint's certificate {Path} {Age}: clients that check that refuse it, those that were given this very certificate do not. Make a new one, and start the node again.")]
    public static partial void CertificateOutOfDate(ILogger logger, string path, string age);
}
