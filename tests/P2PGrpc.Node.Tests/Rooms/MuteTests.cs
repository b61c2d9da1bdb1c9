using P2PGrpc.Node.Api;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Rooms;

/// <summary>Members whose messages the owner does not take, among whole nodes over real TLS.</summary>
public sealed class MuteTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>L1: unmuting takes up where it stopped, also what was heard and passed over on links and in processes before, and in the author's order.</summary>
    [Fact]
    public async Task L1_Of_a_muted_member_nothing_more_is_taken_and_all_of_it_comes_when_it_is_unmuted()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await CreateAsync(alice);
        await JoinAsync(bob, alice);
        await bob.SendAsync("#friends", "before");
        await alice.ReceiveAsync(1);
        // It may have come by bob's own dial, before alice's has told her who it is that she calls so.
        await RunningNode.WaitUntilAsync(() => alice.Find("bob")?.PeerId.Length > 0, "alice knows who bob is");

        Assert.True((await alice.Runtime.RoomAdministration.MuteAsync("friends", "bob", muted: true, Token)).Muted);
        await bob.SendAsync("#friends", "muted one");
        // What comes after it on the same link is the proof that it had its time, here and below.
        await bob.SendAsync("alice", "direct one");
        Assert.Equal(["before", "direct one"], await ReadAsync(alice, 2));
        await bob.StopAsync();
        await bob.StartAgainAsync();
        await bob.SendAsync("#friends", "muted two");
        await bob.SendAsync("alice", "direct two");
        Assert.Equal(["before", "direct one", "direct two"], await ReadAsync(alice, 3));
        await RunningNode.WaitUntilAsync(() => alice.Runtime.Store.GetHeard(bob.Runtime.Id).Position >= 5, "alice has heard of all");

        await alice.StopAsync();
        await alice.StartAgainAsync();
        Assert.True(Assert.Single(alice.Runtime.RoomAdministration.ListMembers("friends"), member => member.Alias == "bob").Muted);
        await bob.SendAsync("alice", "direct three");
        Assert.Equal("direct three", (await ReadAsync(alice, 4))[^1]);

        Assert.False((await alice.Runtime.RoomAdministration.MuteAsync("friends", bob.Id, muted: false, Token)).Muted);
        Assert.Equal(["before", "muted one", "muted two"], await ReadAsync(alice, 3, "#friends"));
        await bob.SendAsync("#friends", "after");
        Assert.Equal("after", (await ReadAsync(alice, 4, "#friends"))[^1]);
    }

    /// <summary>A blocked peer's logs are not taken from others either.</summary>
    [Fact]
    public async Task What_a_blocked_peer_writes_in_a_room_is_not_taken_from_others_until_it_is_accepted_again()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        await CreateAsync(bob);
        await JoinAsync(alice, bob);
        await JoinAsync(carol, bob);
        await carol.SendAsync("#friends", "carol one");
        await alice.ReceiveAsync(1);

        await alice.Runtime.Administration.BlockAsync(carol.Id, Token);
        Assert.True(Assert.Single(alice.Runtime.RoomAdministration.ListMembers("friends"), member => member.PeerId == carol.Id).Blocked);
        await carol.SendAsync("#friends", "carol two");
        Assert.Equal(["carol one", "carol two"], await ReadAsync(bob, 2));
        await bob.SendAsync("#friends", "bob one");
        Assert.Equal(["carol one", "bob one"], await ReadAsync(alice, 2));

        await alice.Runtime.Administration.AcceptAsync(carol.Id, "", Token);
        Assert.Equal(["carol one", "bob one", "carol two"], await ReadAsync(alice, 3));
    }

    [Fact]
    public async Task Ephemeral_messages_of_a_muted_member_are_dropped()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await CreateAsync(alice);
        await JoinAsync(bob, alice);
        await bob.SendAsync("#friends", "bob is seen");
        await alice.ReceiveAsync(1);
        await alice.Runtime.RoomAdministration.MuteAsync("friends", bob.Id[..8], muted: true, Token);
        var arrived = alice.Runtime.Inbox.Listen();
        await bob.SendAsync("#friends", "now, in the room", request => request.Ephemeral = true);
        await bob.SendAsync("alice", "now, directly", request => request.Ephemeral = true);
        var first = await arrived.Reader.ReadAsync(Token).AsTask().WaitAsync(RunningNode.Patience, Token);
        Assert.Equal(alice.Runtime.Recipients.DirectWith(bob.Runtime.Id), first.Conversation);
    }

    [Fact]
    public async Task A_mute_outlives_leaving_and_joining_again_and_who_can_not_be_muted_is_said()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await CreateAsync(alice);
        var ticket = alice.Runtime.RoomAdministration.WriteTicket("friends");
        // One that was never seen can be muted by its whole id.
        await alice.Runtime.RoomAdministration.MuteAsync("friends", bob.Id, muted: true, Token);
        await alice.Runtime.RoomAdministration.LeaveAsync("friends", Token);
        await alice.Runtime.RoomAdministration.JoinAsync(ticket, "", Token);
        Assert.Equal([false, true], alice.Runtime.RoomAdministration.ListMembers("friends").Select(member => member.Muted));
        var self = await Assert.ThrowsAsync<RoomBookException>(() => alice.Runtime.RoomAdministration.MuteAsync("friends", "self", muted: true, Token));
        Assert.Equal((RoomBookFault.InvalidMember, "peer"), (self.Fault, RoomBookErrors.ToRequestException(self).Field));
        await Assert.ThrowsAsync<PeerBookException>(() => alice.Runtime.RoomAdministration.MuteAsync("friends", "nobody-here", muted: true, Token));
        await Assert.ThrowsAsync<RoomBookException>(() => alice.Runtime.RoomAdministration.MuteAsync("elsewhere", bob.Id, muted: true, Token));
    }

    private static async Task<List<string>> ReadAsync(RunningNode node, int count, string conversation = "") =>
        [.. (await node.ReceiveAsync(count, request => request.Conversation = conversation)).Select(message => message.Entry.Content.Text)];

    private static Task<CreateRoomResponse> CreateAsync(RunningNode node) => node.Runtime.RoomAdministration.CreateAsync("friends", Token);

    private static Task<Room> JoinAsync(RunningNode node, RunningNode member) =>
        node.Runtime.RoomAdministration.JoinAsync(member.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
}
