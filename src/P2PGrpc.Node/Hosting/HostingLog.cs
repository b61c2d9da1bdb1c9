using Microsoft.Extensions.Logging;

namespace P2PGrpc.Node.Hosting;

/// <summary>What a node in a host writes to the log of its start.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(1900, LogLevel.Information, "The node has started. Peers reach it as {Address}; client endpoint: {Api}; data: {Data}.")]
    public static partial void Started(ILogger logger, string address, string api, string data);
}
