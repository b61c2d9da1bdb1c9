using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>What the handlers' runner writes to the log.</summary>
internal static partial class HandlerLog
{
    [LoggerMessage(2101, LogLevel.Warning, "Handler {Handler} failed with message {Reference} at attempt {Attempt}; it is tried again in {Pause}.")]
    public static partial void AttemptFailed(ILogger logger, Exception fault, string handler, string reference, int attempt, TimeSpan pause);

    [LoggerMessage(2102, LogLevel.Error, "Handler {Handler} failed for good with message {Reference} after {Attempts} attempts; it is kept in #{Room} as {DeadLetter}.")]
    public static partial void DeadLetterWritten(ILogger logger, Exception fault, string handler, string reference, int attempts, string room, string deadLetter);

    [LoggerMessage(2103, LogLevel.Error, "Handler {Handler} failed for good with message {Reference} after {Attempts} attempts; it is dropped, since {Why}.")]
    public static partial void Dropped(ILogger logger, Exception fault, string handler, string reference, int attempts, string why);

    [LoggerMessage(2104, LogLevel.Error, "The dead letter of message {Reference} could not be written; nothing more of its author is handled before it is. It is tried again in {Pause}: {Why}")]
    public static partial void DeadLetterFailed(ILogger logger, string reference, TimeSpan pause, string why);

    [LoggerMessage(2105, LogLevel.Warning, "The node could not note how far consumer {Consumer} is; it is told again: {Why}")]
    public static partial void AcknowledgeFailed(ILogger logger, string consumer, string why);

    [LoggerMessage(2106, LogLevel.Warning, "The node can't be reached ({Why}); the handlers of consumer {Consumer} go on when it is there again.")]
    public static partial void Interrupted(ILogger logger, string consumer, string why);

    [LoggerMessage(2107, LogLevel.Error, "The handlers of consumer {Consumer} get no messages; they are asked for again in {Pause}: {Why}")]
    public static partial void SubscriptionRefused(ILogger logger, string consumer, TimeSpan pause, string why);

    [LoggerMessage(2108, LogLevel.Information, "{Count} handlers read as consumer {Consumer}.")]
    public static partial void Reading(ILogger logger, int count, string consumer);

    [LoggerMessage(2109, LogLevel.Warning, "The error reply to request {Reference} could not be sent: {Why}")]
    public static partial void ErrorReplyFailed(ILogger logger, string reference, string why);

    [LoggerMessage(2110, LogLevel.Warning, "{Count} messages of {Author} were erased before consumer {Consumer} got them.")]
    public static partial void Erased(ILogger logger, ulong count, string author, string consumer);

    [LoggerMessage(2111, LogLevel.Warning, "Consumer {Consumer} reads nothing more for now: the message at position {Position} is still being handled, and {Count} were read since.")]
    public static partial void ReadingPaused(ILogger logger, string consumer, ulong position, int count);

    [LoggerMessage(2112, LogLevel.Information, "Message {Reference} was replayed: handler {Handler} has handled it.")]
    public static partial void Replayed(ILogger logger, string reference, string handler);

    [LoggerMessage(2113, LogLevel.Error, "Handler {Handler} failed again with message {Reference}; its dead letter {DeadLetter} stays.")]
    public static partial void ReplayFailed(ILogger logger, Exception fault, string handler, string reference, string deadLetter);

    [LoggerMessage(2114, LogLevel.Warning, "{Room} can't be read, so no dead letter is replayed on request; it is tried again in {Pause}: {Why}")]
    public static partial void ReplaysRefused(ILogger logger, string room, TimeSpan pause, string why);

    [LoggerMessage(2115, LogLevel.Warning, "Handler {Handler} has been at work on message {Reference} for {Duration}; the messages behind it wait.")]
    public static partial void TakesLong(ILogger logger, string handler, string reference, TimeSpan duration);

    [LoggerMessage(2116, LogLevel.Warning, "The stop waits for handler {Handler}, which is at work on message {Reference} and has been told to end by its token. The message comes again after the next start.")]
    public static partial void StopWaits(ILogger logger, string handler, string reference);

    [LoggerMessage(2117, LogLevel.Debug, "Request {Reference} came to handler {Handler} when nobody waited for its reply any more, and was passed over.")]
    public static partial void RequestExpired(ILogger logger, string reference, string handler);
}
