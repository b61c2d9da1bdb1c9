using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Peers;

/// <summary>A peer that has announced itself on the local network. Immutable.</summary>
/// <param name="Peer">Who it is, by its signature.</param>
/// <param name="Address">From where the announcement came, with the port that it named.</param>
/// <param name="Instance">Its process.</param>
/// <param name="Number">The announcement's number.</param>
/// <param name="At">When it was heard last.</param>
internal sealed record Sighting(PeerId Peer, PeerAddress Address, ulong Instance, ulong Number, long At);
