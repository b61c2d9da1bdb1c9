using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Links;

/// <summary>Log lines of replication.</summary>
internal static partial class ReplicationLog
{
    [LoggerMessage(1200, LogLevel.Critical, "Replication has stopped because one of its own rules was broken. Restart the node and report this.")]
    public static partial void Stopped(ILogger logger, Exception broken);

    [LoggerMessage(1201, LogLevel.Error, "Reading from the store failed.")]
    public static partial void ReadFailed(ILogger logger, Exception broken);
}
