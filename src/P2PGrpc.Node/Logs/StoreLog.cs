using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Logs;

/// <summary>What the store says in the program's log. Event ids 1000 to 1099.</summary>
internal static partial class StoreLog
{
    [LoggerMessage(1000, LogLevel.Debug, "The store is open: last position {LastPosition}, SQLite {Version}.")]
    public static partial void Opened(ILogger logger, ulong lastPosition, string version);

    [LoggerMessage(1001, LogLevel.Warning, "The disk is full: nothing was written. The store tries again with each write.")]
    public static partial void Full(ILogger logger);

    [LoggerMessage(1002, LogLevel.Information, "The disk has room again.")]
    public static partial void RoomAgain(ILogger logger);

    [LoggerMessage(1003, LogLevel.Critical, "A write failed and its outcome is unknown. The store writes nothing more until it has recovered.")]
    public static partial void Halted(ILogger logger, Exception exception);

    [LoggerMessage(1004, LogLevel.Warning, "The store has recovered and writes again. Last position {LastPosition}, before {Before}.")]
    public static partial void Recovered(ILogger logger, ulong lastPosition, ulong before);

    [LoggerMessage(1005, LogLevel.Error, "The store could not recover: {Reason}")]
    public static partial void RecoveryFailed(ILogger logger, string reason);

    [LoggerMessage(1006, LogLevel.Error, "The segment at position {Position} is damaged and is not served ({Suppressed} more like this were not logged).")]
    public static partial void Damaged(ILogger logger, ulong position, int suppressed);

    [LoggerMessage(1007, LogLevel.Error, "Something that watches the store failed.")]
    public static partial void WatcherFailed(ILogger logger, Exception exception);

    [LoggerMessage(1008, LogLevel.Warning, "Cursors of peers could not be written at the end; some tells will be repeated.")]
    public static partial void CursorsLost(ILogger logger);

    [LoggerMessage(1009, LogLevel.Warning, "A log was frozen because its author forked it: {Log}.")]
    public static partial void Frozen(ILogger logger, string log);

    [LoggerMessage(1010, LogLevel.Error, "The end of the feed does not verify: {Reason}")]
    public static partial void EndDamaged(ILogger logger, string reason);

    [LoggerMessage(1011, LogLevel.Warning, "The database could not be closed in order.")]
    public static partial void CloseFailed(ILogger logger, Exception exception);

    [LoggerMessage(1012, LogLevel.Warning, "A damaged segment was fetched again from a peer: log {Log}, through sequence {Sequence}.")]
    public static partial void Repaired(ILogger logger, string log, ulong sequence);

    [LoggerMessage(1013, LogLevel.Warning, "There was a key but no database {Path}: it begins empty. {Advice}")]
    public static partial void BeginsEmpty(ILogger logger, string path, string advice);

    [LoggerMessage(1014, LogLevel.Error, "A page of the database is damaged: what it leads to can't be read and is not served ({Suppressed} more like this were not logged).")]
    public static partial void PageDamaged(ILogger logger, int suppressed);
}
