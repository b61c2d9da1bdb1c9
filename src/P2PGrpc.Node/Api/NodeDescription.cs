using System.Reflection;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Api;

/// <summary>What a node says of itself to its owner. Immutable.</summary>
/// <param name="peerId">Who it is.</param>
/// <param name="name">What it suggests to be called.</param>
/// <param name="address">id@host:port.</param>
/// <param name="time">The node's clock.</param>
internal sealed class NodeDescription(PeerId peerId, string name, string address, TimeProvider time)
{
    private readonly long startedAt = time.GetTimestamp();

    /// <summary>The version of this software.</summary>
    public static string Version { get; } =
        typeof(NodeDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public PeerId PeerId => peerId;

    public string Name => name;

    public string Address => address;

    public TimeSpan Uptime => time.GetElapsedTime(startedAt);
}
