using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>What an outbox writes to the log.</summary>
internal static partial class OutboxLog
{
    [LoggerMessage(2201, LogLevel.Warning, "Nothing is sent from {Table} for {Pause}; messages wait there: {Why}")]
    public static partial void Paused(ILogger logger, string table, TimeSpan pause, string why);

    [LoggerMessage(2202, LogLevel.Error, "Message {Sequence} of {Table} to {To} can't be sent; it stays there as refused, and later ones go on: {Why}")]
    public static partial void MessageRefused(ILogger logger, long sequence, string table, string to, string why);

    [LoggerMessage(2203, LogLevel.Warning, "The node refused {To}: messages to it wait in {Table}, for {Pause} at least: {Why}")]
    public static partial void RecipientRefused(ILogger logger, string to, string table, TimeSpan pause, string why);
}
