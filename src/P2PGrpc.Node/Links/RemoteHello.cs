using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Links;

/// <summary>What the other side of a link said of itself, proved where it matters.</summary>
/// <param name="PeerId">Proved by TLS and by the Hello's signature.</param>
/// <param name="Instance">Its process's random number.</param>
/// <param name="Name">The name that it suggests; cleaned for display, never identity.</param>
/// <param name="ToldThrough">The position of our feed through which it has everything that it was told; 0 if another process of ours told it, which may have had
/// a newer database, or if other conversations were shared then.</param>
/// <param name="Sharing">Which conversations are exchanged.</param>
/// <param name="HeardGeneration">The store's when this node said how far it has heard the other side.</param>
internal sealed record RemoteHello(PeerId PeerId, ulong Instance, string Name, ulong ToldThrough, LinkSharing Sharing, long HeardGeneration = 0);
