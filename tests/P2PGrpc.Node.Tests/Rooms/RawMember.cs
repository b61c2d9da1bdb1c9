using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Tests.Links;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;
using RoomTicket = P2PGrpc.Core.Rooms.RoomTicket;

namespace P2PGrpc.Node.Tests.Rooms;

/// <summary>A member of a room that is no node: it links with one over real TLS, proves the room, and writes what a test wants.</summary>
internal sealed class RawMember : IAsyncDisposable
{
    private readonly StoreFixture store = new();
    private readonly IdentityKey key;
    private readonly NodeCertificate certificate;
    private readonly IFrameConnection connection;
    private readonly ConversationId room;
    private ulong pings;
    private Goodbye? farewell;

    private RawMember(IdentityKey key, NodeCertificate certificate, IFrameConnection connection, ConversationId room) =>
        (this.key, this.certificate, this.connection, this.room) = (key, certificate, connection, room);

    public PeerId Peer => key.PeerId;

    /// <param name="node">With whom it links.</param>
    /// <param name="ticket">Of the room.</param>
    /// <param name="number">Its identity.</param>
    /// <param name="inRoom">False: it knows the room's id, and does not prove it. The node must know it as a peer then.</param>
    public static async Task<RawMember> LinkAsync(RunningNode node, string ticket, int number, bool inRoom = true)
    {
        var token = TestContext.Current.CancellationToken;
        var key = StoreFixture.MakeKey(number);
        var secret = RoomTicket.Parse(ticket, out _)!.Secret;
        var certificate = NodeCertificate.Create(key);
        var dialer = new PeerDialer(certificate, new WireLimits(), TimeProvider.System, NullLoggerFactory.Instance);
        var connection = await dialer.DialAsync("127.0.0.1", node.Port, node.Runtime.Id, token);
        var member = new RawMember(key, certificate, connection, secret.Conversation);
        var rooms = inRoom
            ? RoomSnapshot.Empty.With(new RoomRecord(secret.Conversation, "friends", secret, secret.Admit(key.PeerId), []))
            : RoomSnapshot.Empty;
        var handshake = new LinkHandshake(
            new LocalNode(key, certificate.SubjectPublicKeyInfo, 1, "raw"), member.store.Store, _ => new OwnShares(!inRoom, rooms), TestRemotes.NoRedemptions(member.store));
        await handshake.DialAsync(connection, token);
        return member;
    }

    /// <summary>A record that somebody has signed.</summary>
    public AddressRecord Sign(IdentityKey signer, ulong sequence, params string[] addresses) => AddressRecord.Sign(signer, room, sequence, addresses);

    /// <summary>Says how it stands in the room.</summary>
    public async Task TellAsync(int neighbours, int members) => await WriteAsync(MembersFrames.Write(new MembersMessage(room, [], neighbours, members)));

    public async Task TellAsync(params AddressRecord[] records) => await WriteAsync(MembersFrames.Write(new MembersMessage(room, records, 1, 1)));

    /// <summary>Waits until the node has read all that was written before.</summary>
    /// <returns>The node's Goodbye if it has said so, else null.</returns>
    public async Task<Goodbye?> FlushAsync()
    {
        if (farewell is not null)
            return farewell;
        var number = ++pings;
        await WriteAsync(TransientFrames.WritePing(number, reply: false));
        var last = await ReadUntilAsync(frame => frame.KindCase == Frame.KindOneofCase.Goodbye
            || frame.KindCase == Frame.KindOneofCase.Ping && frame.Ping.Reply && frame.Ping.Number == number);
        return farewell = last.Goodbye;
    }

    public async Task<Frame> ReadUntilAsync(Func<Frame, bool> condition)
    {
        while (await connection.ReadAsync(StoreFixture.Deadline) is { } frame)
            if (condition(frame))
                return frame;
        throw new InvalidOperationException("The node has hung up.");
    }

    private async Task WriteAsync(Frame frame)
    {
        try
        {
            await connection.WriteAsync(frame, TestContext.Current.CancellationToken);
        }
        catch (WireException)
        {
            // The node has hung up, and what it said before is there to be read.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        certificate.Dispose();
        key.Dispose();
        await store.DisposeAsync();
    }
}
