using Google.Protobuf;
using Grpc.Core;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Rooms;

/// <summary>Rooms among whole nodes over real TLS.</summary>
public sealed class RoomTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>L1: who never meets converges all the same, because whoever holds a log passes it on.</summary>
    [Fact]
    public async Task L1_Members_who_share_only_a_third_hold_what_each_of_them_wrote()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        await CreateAsync(alice);
        await JoinAsync(bob, alice);
        // Carol has bob's ticket, and hears of alice from him only.
        await JoinAsync(carol, bob);
        await WaitForMembersAsync(bob, alice, carol);
        await alice.SendAsync("#friends", "from alice");
        await bob.SendAsync("#friends", "from bob");
        await carol.SendAsync("#friends", "from carol");
        foreach (var node in new[] { alice, bob, carol })
        {
            var received = await node.ReceiveAsync(3, request => (request.Conversation, request.IncludeOwn) = ("#friends", true));
            Assert.Equal(["from alice", "from bob", "from carol"], received.Select(message => message.Entry.Content.Text).Order());
            Assert.All(received, message => Assert.Equal(("#friends", ""), (message.Batch.Room, message.Batch.Peer)));
        }

        Assert.Equal(3, carol.Runtime.RoomAdministration.ListMembers("friends").Count());
    }

    /// <summary>A2: a room lets in for that room only.</summary>
    [Fact]
    public async Task A2_Who_is_let_in_for_a_room_can_send_nothing_else()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await CreateAsync(alice);
        await JoinAsync(bob, alice);
        await WaitForMembersAsync(alice, bob);
        Assert.Empty(alice.Runtime.Administration.List());

        // Bob's owner knows alice, but hers does not know bob: what he sends her waits until she accepts him.
        await bob.AddAsync($"alice={alice.Id}@127.0.0.1:{alice.Port}");
        await bob.SendAsync("alice", "for you alone");
        await bob.SendAsync("#friends", "for all");
        Assert.Equal("for all", Assert.Single(await alice.ReceiveAsync(1)).Entry.Content.Text);
        Assert.Equal(1ul, alice.Runtime.Store.LastPosition);

        await alice.Runtime.Administration.AcceptAsync(bob.Id, "bob", Token);
        Assert.Equal(["for all", "for you alone"], (await alice.ReceiveAsync(2)).Select(message => message.Entry.Content.Text));
    }

    /// <summary>A2: a ConversationId is no capability.</summary>
    [Fact]
    public async Task A2_Who_holds_no_secret_is_not_let_in_and_hears_nothing_of_the_room()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        await CreateAsync(alice);
        await alice.SendAsync("#friends", "not for bob");
        await alice.SendAsync("bob", "for bob");
        Assert.Equal("for bob", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);
        Assert.Equal(1ul, bob.Runtime.Store.LastPosition);

        await using var stranger = await RunningNode.StartAsync("stranger");
        await CreateAsync(stranger);
        await stranger.AddAsync(alice.PeerText("alice"));
        await RunningNode.WaitUntilAsync(() => alice.Find(stranger.Id) is { Admission: Admission.Knocking }, "the stranger has knocked");
        Assert.Null(alice.Runtime.Links.Find(stranger.Runtime.Id));
    }

    [Fact]
    public async Task A_room_is_joined_and_left_while_links_are_up_and_what_was_missed_comes_after_the_return()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        await CreateAsync(alice);
        await alice.SendAsync("#friends", "one");
        await alice.SendAsync("bob", "so that bob has heard of a position after it");
        await bob.ReceiveAsync(1);
        var link = alice.Runtime.Links.Find(bob.Runtime.Id);

        await JoinAsync(bob, alice, "work");
        Assert.Equal("one", Assert.Single(await bob.ReceiveAsync(1, request => request.Conversation = "#work")).Entry.Content.Text);

        Assert.Same(link, alice.Runtime.Links.Find(bob.Runtime.Id));
        await bob.Runtime.RoomAdministration.LeaveAsync("work", Token);
        await RunningNode.WaitUntilAsync(() => LinkedMembers(alice) == 0, "alice has heard that bob left");
        await alice.SendAsync("#friends", "two");
        await alice.SendAsync("bob", "so that two has had its time");
        await bob.ReceiveAsync(3);
        Assert.Equal("one", Assert.Single(await bob.ReceiveAsync(1, request => request.Conversation = "#work")).Entry.Content.Text);
        var refused = await Assert.ThrowsAsync<NodeRequestException>(() => bob.SendAsync("#work", "too late"));
        Assert.Equal((StatusCode.FailedPrecondition, "ROOM_LEFT"), (refused.Status, refused.Reason));

        await JoinAsync(bob, alice);
        Assert.Equal(["one", "two"], (await bob.ReceiveAsync(2, request => request.Conversation = "#work")).Select(message => message.Entry.Content.Text));
        await bob.SendAsync("#work", "three");
        Assert.Equal("three", Assert.Single(await alice.ReceiveAsync(1, request => request.Conversation = "#friends")).Entry.Content.Text);
        // Nothing is shared twice on one link.
        Assert.NotSame(link, alice.Runtime.Links.Find(bob.Runtime.Id));
    }

    /// <summary>L1: what a peer heard before it joined does not hide from it what was written in the room before: neither where the next link shares the room from its
    /// start, nor where it comes to be shared later. The teller is the same process all the time, which knows what it told.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task L1_What_was_written_before_a_join_comes_also_over_a_later_link(bool fromItsStart)
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await CreateAsync(alice);
        await alice.SendAsync("#friends", "one");
        await alice.SendAsync("bob", "direct");
        await bob.ReceiveAsync(1);
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Store.GetHeard(alice.Runtime.Id).Position >= 2, "bob has heard the positions of both");
        await alice.Runtime.Administration.BlockAsync("bob", Token);
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Links.Count == 0, "the link is down");
        if (fromItsStart)
            await JoinAsync(bob, alice);
        await alice.Runtime.Administration.AcceptAsync("bob", "", Token);
        await bob.WaitForLinkAsync("alice");
        await alice.WaitForLinkAsync("bob");
        var session = bob.Runtime.Links.Find(alice.Runtime.Id)!;
        Assert.Equal(fromItsStart ? 2 : 1, session.Sharing.AtStart.Count);
        Assert.Equal(fromItsStart, alice.Runtime.Links.Find(bob.Runtime.Id)?.Remote.ToldThrough is 0);
        if (!fromItsStart)
            await JoinAsync(bob, alice);
        Assert.Equal("one", Assert.Single(await bob.ReceiveAsync(1, request => request.Conversation = "#friends")).Entry.Content.Text);
        Assert.Same(session, bob.Runtime.Links.Find(alice.Runtime.Id));
    }

    [Fact]
    public async Task Rooms_and_their_members_are_known_again_after_a_restart()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await CreateAsync(alice);
        await JoinAsync(bob, alice);
        await WaitForMembersAsync(alice, bob);
        await bob.StopAsync();
        await alice.SendAsync("#friends", "while bob is away");
        await bob.StartAgainAsync();
        Assert.Equal("while bob is away", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);
        await bob.SendAsync("#friends", "back");
        Assert.Equal("back", Assert.Single(await alice.ReceiveAsync(1)).Entry.Content.Text);
        var room = Assert.Single(bob.Runtime.RoomAdministration.List(includeLeft: false));
        Assert.Equal(("friends", true, 2u), (room.Name, room.Joined, room.Members));
    }

    [Fact]
    public async Task Ephemeral_messages_reach_the_members_that_are_linked_and_no_others()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await CreateAsync(alice);
        var alone = await Assert.ThrowsAsync<NodeRequestException>(() => alice.SendAsync("#friends", "hello?", request => request.Ephemeral = true));
        Assert.Equal((StatusCode.Unavailable, "PEER_NOT_LINKED"), (alone.Status, alone.Reason));
        await JoinAsync(bob, alice);
        await WaitForMembersAsync(alice, bob);
        var listening = bob.ReceiveAsync(1, request => (request.Conversation, request.StartAt) = ("#friends", StartAt.End));
        await RunningNode.WaitUntilAsync(
            async () =>
            {
                await alice.SendAsync("#friends", "now", request => request.Ephemeral = true);
                return listening.IsCompleted;
            },
            "bob has heard an ephemeral message");
        var (batch, entry) = (await listening)[0];
        Assert.Equal((true, "#friends", "now"), (batch.Ephemeral, batch.Room, entry.Content.Text));
        Assert.Equal(0ul, bob.Runtime.Store.LastPosition);
    }

    /// <summary>S1, A2: nobody has signed an ephemeral message, so that the link it came on is all that says where it may belong.</summary>
    [Fact]
    public async Task S1_Ephemeral_messages_of_conversations_that_a_link_does_not_share_are_dropped_and_counted()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        var room = (await CreateAsync(alice)).Room;
        await Task.WhenAll(alice.WaitForLinkAsync("bob"), bob.WaitForLinkAsync("alice"));
        Assert.True(Bytes32.TryParse(room.Conversation, out var id));
        var inbox = alice.Runtime.Inbox.Listen();
        foreach (var conversation in new[] { new ConversationId(id), ConversationId.Direct(bob.Runtime.Id, bob.Runtime.Id), ConversationId.Direct(alice.Runtime.Id, bob.Runtime.Id) })
            Assert.True(bob.Runtime.Links.TrySendEphemeral(
                alice.Runtime.Id, [new EphemeralBody(conversation, new SegmentBody { Entries = { new Entry { Content = new Content { Text = "now" } } } }.ToByteArray(), 1)]));
        Assert.Equal(ConversationId.Direct(alice.Runtime.Id, bob.Runtime.Id), (await inbox.Reader.ReadAsync(Token)).Conversation);
        Assert.Equal(2, alice.Runtime.Links.EphemeralDropped);
    }

    [Fact]
    public async Task What_can_not_be_asked_of_a_room_is_said_in_words()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await CreateAsync(alice);
        var delivered = await Assert.ThrowsAsync<NodeRequestException>(
            () => alice.SendAsync("#friends", "text", request => request.WaitFor = DeliveryState.Delivered));
        Assert.Equal((StatusCode.InvalidArgument, "wait_for"), (delivered.Status, delivered.Field));
        var unknown = await Assert.ThrowsAsync<NodeRequestException>(() => alice.SendAsync("#frends", "text"));
        Assert.Equal((StatusCode.NotFound, "ROOM_UNKNOWN"), (unknown.Status, unknown.Reason));
        Assert.Contains("#friends", unknown.Message, StringComparison.Ordinal);
        foreach (var name in new[] { "", "self", "Not A Name", "#" })
            Assert.Equal(RoomBookFault.InvalidName, (await Assert.ThrowsAsync<RoomBookException>(
                () => alice.Runtime.RoomAdministration.CreateAsync(name, Token))).Fault);
        var taken = await Assert.ThrowsAsync<RoomBookException>(() => alice.Runtime.RoomAdministration.CreateAsync("friends", Token));
        Assert.Equal(RoomBookFault.NameTaken, taken.Fault);
        Assert.EndsWith("'friends'. Choose another name.", taken.Message, StringComparison.Ordinal);
        Assert.Equal(RoomBookFault.InvalidTicket, (await Assert.ThrowsAsync<RoomBookException>(
            () => alice.Runtime.RoomAdministration.JoinAsync("room-abc", "", Token))).Fault);
        Assert.Equal(RoomBookFault.Unknown, (await Assert.ThrowsAsync<RoomBookException>(
            () => alice.Runtime.RoomAdministration.LeaveAsync("nowhere", Token))).Fault);
    }

    [Fact]
    public async Task The_name_of_a_room_that_was_left_is_free_and_its_messages_stay_readable_by_its_id()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var first = await CreateAsync(alice);
        await alice.SendAsync("#friends", "old");
        await alice.Runtime.RoomAdministration.LeaveAsync("friends", Token);
        await CreateAsync(alice);
        await alice.SendAsync("#friends", "new");
        var old = Assert.Single(await alice.ReceiveAsync(1, request => (request.Conversation, request.IncludeOwn) = (first.Room.Conversation, true)));
        Assert.Equal(("old", first.Room.Conversation), (old.Entry.Content.Text, old.Batch.Room));
        var named = Assert.Single(await alice.ReceiveAsync(1, request => (request.Conversation, request.IncludeOwn) = ("#friends", true)));
        Assert.Equal("new", named.Entry.Content.Text);
        Assert.Equal([false, true], alice.Runtime.RoomAdministration.List(includeLeft: true).Select(room => room.Joined).Order());
    }

    private static Task<CreateRoomResponse> CreateAsync(RunningNode node) => node.Runtime.RoomAdministration.CreateAsync("friends", Token);

    private static Task<Room> JoinAsync(RunningNode node, RunningNode member, string name = "") =>
        node.Runtime.RoomAdministration.JoinAsync(member.Runtime.RoomAdministration.WriteTicket("friends"), name, Token);

    private static uint LinkedMembers(RunningNode node) => Assert.Single(node.Runtime.RoomAdministration.List(includeLeft: false)).Linked;

    private static Task WaitForMembersAsync(RunningNode node, params RunningNode[] members) => RunningNode.WaitUntilAsync(
        () => members.All(member => node.Runtime.Links.Find(member.Runtime.Id)?.Sharing.Shared.Count > 0) && LinkedMembers(node) >= members.Length,
        $"{node.Name} is linked with the room's members");
}
