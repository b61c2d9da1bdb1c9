using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Links;

/// <summary>Log lines of replication.</summary>
internal static partial class ReplicationLog
{
    [LoggerMessage(1200, LogLevel.Critical, "Replication has stopped because one of its own rules was broken. Restart the node and report this.")]
    public static partial void Stopped(ILogger logger, Exception broken);

    [LoggerMessage(1201, LogLevel.Error, "Reading from the store failed.")]
    public static partial void ReadFailed(ILogger logger, Exception broken);

    [LoggerMessage(1202, LogLevel.Warning, "Peer {Author} has begun more logs, one for each of its starts, than this node holds of one peer: new ones are not taken.")]
    public static partial void QuotaReached(ILogger logger, string author);

    [LoggerMessage(1205, LogLevel.Warning, "The quota {Quota} is used up: what peer {Author} writes in the conversation {Conversation} is not taken, or later.")]
    public static partial void ByteQuotaReached(ILogger logger, Core.Replication.QuotaReason quota, string author, string conversation);

    [LoggerMessage(1203, LogLevel.Warning, "Peer {Peer} does not take all that this node writes, because of a quota of its own.")]
    public static partial void QuotaReachedThere(ILogger logger, string peer);

    [LoggerMessage(1204, LogLevel.Warning, "More logs were begun in the conversation {Conversation} than this node holds in one: new ones are not taken.")]
    public static partial void ConversationFull(ILogger logger, string conversation);
}
