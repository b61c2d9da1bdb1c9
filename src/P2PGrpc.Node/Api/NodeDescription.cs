using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Api;

/// <summary>What a node says of itself to its owner. Immutable.</summary>
/// <param name="peerId">Who it is.</param>
/// <param name="name">What it suggests to be called.</param>
/// <param name="address">id@host:port.</param>
/// <param name="time">The node's clock.</param>
internal sealed class NodeDescription(PeerId peerId, string name, string address, TimeProvider time)
{
    private readonly long startedAt = time.GetTimestamp();

    /// <inheritdoc cref="ProgramVersion.Text"/>
    public static string Version => ProgramVersion.Text;

    public PeerId PeerId => peerId;

    public string Name => name;

    public string Address => address;

    public TimeSpan Uptime => time.GetElapsedTime(startedAt);
}
