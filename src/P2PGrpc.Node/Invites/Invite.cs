using P2PGrpc.Core.Invites;

namespace P2PGrpc.Node.Invites;

/// <summary>An invite that this node has given and nobody has used. Immutable.</summary>
/// <param name="Id">The public key of the pair that follows from its secret, which is in its ticket alone.</param>
/// <param name="Alias">What to call whoever comes; may be empty.</param>
/// <param name="ExpiresAt">The node's running time, in milliseconds, from which on it is good for nothing.</param>
internal sealed record Invite(InviteId Id, string Alias, long ExpiresAt);
