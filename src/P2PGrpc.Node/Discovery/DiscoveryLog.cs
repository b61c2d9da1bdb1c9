using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Discovery;

/// <summary>Log lines of discovery.</summary>
internal static partial class DiscoveryLog
{
    [LoggerMessage(1600, LogLevel.Warning, "Nodes of the local network can't be heard at {Group}: {Detail}. It is tried again.")]
    public static partial void Failed(ILogger logger, string group, string detail);

    [LoggerMessage(1601, LogLevel.Debug, "This node could not be announced from {Address}: {Detail}.")]
    public static partial void NotAnnounced(ILogger logger, string address, string detail);
}
