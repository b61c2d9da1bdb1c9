using System.Threading.Channels;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Links;

public sealed class LinkHandshakeTests
{
    /// <summary>L1: a position counts within the process that gave it. After a restart it may mean another place, and what is before it was perhaps never told.</summary>
    [Theory]
    [InlineData(7, 5)]
    [InlineData(8, 0)]
    public async Task What_was_heard_of_an_earlier_process_counts_as_nothing(ulong heardOf, ulong toldThrough)
    {
        await using var alice = new StoreFixture(identity: 1);
        await using var bob = new StoreFixture(identity: 2);
        var scope = HeardPosition.ComputeScope([ConversationId.Direct(alice.Identity.PeerId, bob.Identity.PeerId)]);
        bob.Store.RecordHeard(alice.Identity.PeerId, new HeardPosition(heardOf, 5, scope));
        var (served, dialled) = await ShakeHandsAsync(alice, TestRemotes.DirectOnly, bob, TestRemotes.DirectOnly);
        Assert.Equal(toldThrough, served.ToldThrough);
        Assert.Equal((alice.Identity.PeerId, 7ul), (dialled.PeerId, dialled.Instance));
    }

    /// <summary>L1: what was not shared when a position was told was not told with it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_heard_counts_only_where_the_same_conversations_are_shared(bool inTheRoomThen)
    {
        await using var alice = new StoreFixture(identity: 1);
        await using var bob = new StoreFixture(identity: 2);
        var direct = ConversationId.Direct(alice.Identity.PeerId, bob.Identity.PeerId);
        var (ofAlice, room) = InRoom(alice, seed: 3);
        var (ofBob, _) = InRoom(bob, seed: 3);
        var scope = HeardPosition.ComputeScope(inTheRoomThen ? [room, direct] : [direct]);
        bob.Store.RecordHeard(alice.Identity.PeerId, new HeardPosition(7, 5, scope));
        var (served, dialled) = await ShakeHandsAsync(alice, ofAlice, bob, ofBob);
        Assert.Equal(new HashSet<ConversationId> { direct, room }, served.Sharing.AtStart);
        Assert.Equal(served.Sharing.AtStart, dialled.Sharing.AtStart);
        Assert.Equal(inTheRoomThen ? 5ul : 0ul, served.ToldThrough);
    }

    /// <summary>A2: who holds no secret proves no room, whatever it has seen on other links.</summary>
    [Fact]
    public async Task A_room_is_shared_by_those_who_hold_its_secret_and_the_direct_conversation_by_those_who_know_each_other()
    {
        await using var alice = new StoreFixture(identity: 1);
        await using var bob = new StoreFixture(identity: 2);
        var (ofAlice, room) = InRoom(alice, seed: 3);
        var (ofBob, _) = InRoom(bob, seed: 3);
        var (elsewhere, _) = InRoom(bob, seed: 4);
        var (asGuest, _) = await ShakeHandsAsync(alice, ofAlice with { Direct = false }, bob, ofBob);
        Assert.Equal(new HashSet<ConversationId> { room }, asGuest.Sharing.AtStart);
        var (nothing, _) = await ShakeHandsAsync(alice, ofAlice with { Direct = false }, bob, elsewhere);
        Assert.Empty(nothing.Sharing.AtStart);

        // Proofs of one link mean nothing on another, nor in the other direction.
        byte[] one = [.. Enumerable.Repeat((byte)1, 32)], other = [.. Enumerable.Repeat((byte)2, 32)];
        var seen = LinkSharing.Say(ofBob, bob.Identity.PeerId, alice.Identity.PeerId, one, one);
        Assert.Equal([room], Share(one, one, bob.Identity.PeerId, seen));
        Assert.Empty(Share(one, other, bob.Identity.PeerId, seen));
        Assert.Empty(Share(other, one, bob.Identity.PeerId, seen));
        using var third = StoreFixture.MakeKey(3);
        Assert.Empty(Share(one, one, third.PeerId, seen));
        Assert.Empty(Share(one, one, bob.Identity.PeerId, LinkSharing.Say(ofAlice, alice.Identity.PeerId, bob.Identity.PeerId, one, one)));

        IEnumerable<ConversationId> Share(byte[] diallerNonce, byte[] servedNonce, PeerId peer, LinkShares said) => new LinkSharing(
            alice.Identity.PeerId, peer, diallerNonce, servedNonce, ofAlice with { Direct = false }, said).AtStart;
    }

    private static (OwnShares Shares, ConversationId Room) InRoom(StoreFixture fixture, byte seed)
    {
        var secret = new RoomSecret([.. Enumerable.Repeat(seed, RoomSecret.Length)]);
        var room = new RoomRecord(secret.Conversation, "room", secret, secret.Admit(fixture.Identity.PeerId), []);
        return (new OwnShares(true, RoomSnapshot.Empty.With(room)), secret.Conversation);
    }

    /// <summary>Bob dials alice. Returns what each learns of the other: the served side first.</summary>
    private static async Task<(RemoteHello Served, RemoteHello Dialled)> ShakeHandsAsync(
        StoreFixture alice, OwnShares ofAlice, StoreFixture bob, OwnShares ofBob)
    {
        var token = TestContext.Current.CancellationToken;
        var toAlice = Channel.CreateUnbounded<Frame>();
        var toBob = Channel.CreateUnbounded<Frame>();
        await using var served = new ChannelConnection(bob.Identity.PeerId, dialled: false, toAlice.Reader, toBob.Writer);
        await using var dialled = new ChannelConnection(alice.Identity.PeerId, dialled: true, toBob.Reader, toAlice.Writer);
        var dialling = Handshake(bob, ofBob, instance: 1).DialAsync(dialled, token);
        var aliceSide = Handshake(alice, ofAlice, instance: 7);
        var heard = await aliceSide.HearAsync(served, token);
        var welcomed = await aliceSide.WelcomeAsync(served, heard, token);
        return (welcomed, await dialling);
    }

    private static LinkHandshake Handshake(StoreFixture fixture, OwnShares shares, ulong instance) =>
        new(new LocalNode(fixture.Identity, KeyInfo(fixture.Identity.PeerId), instance, "name"), fixture.Store, _ => shares, TestRemotes.NoRedemptions(fixture));

    private static byte[] KeyInfo(PeerId peer) => peer.ToArray();

    /// <summary>One end of a connection in memory.</summary>
    private sealed class ChannelConnection(PeerId peer, bool dialled, ChannelReader<Frame> reader, ChannelWriter<Frame> writer) : IFrameConnection
    {
        public PeerId Peer => peer;

        public ReadOnlyMemory<byte> RemoteKeyInfo { get; } = KeyInfo(peer);

        public string RemoteAddress => "";

        public bool Dialled => dialled;

        public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken) => writer.WriteAsync(frame, cancellationToken);

        public async ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken) => await reader.ReadAsync(cancellationToken);

        public ValueTask CompleteAsync() => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
