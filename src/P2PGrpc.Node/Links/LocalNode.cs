using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Links;

/// <summary>This node as it shows itself on links: its key, its certificate's key, this process's random number, the name it suggests.</summary>
internal sealed record LocalNode(IdentityKey Key, ReadOnlyMemory<byte> KeyInfo, ulong Instance, string Name)
{
    public PeerId PeerId => Key.PeerId;
}
