using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Invites;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.Tests.Links;

/// <summary>Hellos that were never said, for links that are made by hand.</summary>
internal static class TestRemotes
{
    /// <summary>What a node says that knows the other side and is in no room.</summary>
    public static OwnShares DirectOnly { get; } = new(true, RoomSnapshot.Empty);

    /// <summary>A node that has taken up no invite.</summary>
    public static Redemptions NoRedemptions(StoreFixture fixture) => new(
        new PeerBook(fixture.Identity.PeerId, new PeerTable(fixture.Store)), fixture.Store, NullLogger.Instance);

    /// <summary>Answers looks ahead with nothing.</summary>
    public static Task<RecalledStretch> HoldsNothing(ConversationId conversation, ulong before, CancellationToken cancellationToken) =>
        Task.FromResult(new RecalledStretch([], 0));

    /// <summary>The other side of a link that shares the direct conversation.</summary>
    public static RemoteHello Direct(PeerId self, PeerId peer) => new(
        peer, 1, "", 0, new LinkSharing(self, peer, new byte[32], new byte[32], DirectOnly, new LinkShares(true, new HashSet<Bytes32>())));
}
