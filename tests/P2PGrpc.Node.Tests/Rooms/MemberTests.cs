using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Tests.Links;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Protocol;
using Xunit;
using RoomTicket = P2PGrpc.Core.Rooms.RoomTicket;

namespace P2PGrpc.Node.Tests.Rooms;

/// <summary>Members of a room learn from each other where they listen, over real TLS.</summary>
public sealed class MemberTests : IDisposable
{
    private readonly IdentityKey sybil = StoreFixture.MakeKey(41);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => sybil.Dispose();

    /// <summary>L1: what connects alice and carol need not stay.</summary>
    [Fact]
    public async Task L1_Members_who_met_through_a_third_link_with_each_other_and_do_so_again_without_it()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        await CreateAsync(alice);
        await JoinAsync(bob, alice);
        await JoinAsync(carol, bob);
        await WaitForLinkAsync(carol, alice);
        await WaitForLinkAsync(alice, bob);
        await RunningNode.WaitUntilAsync(() => Known(carol) == 2 && Known(alice) == 2 && Known(bob) == 2, "each has adopted the records of the two others");

        await bob.StopAsync();
        await carol.StopAsync();
        await carol.StartAgainAsync();
        await WaitForLinkAsync(carol, alice);
        await alice.SendAsync("#friends", "without bob");
        Assert.Equal("without bob", Assert.Single(await carol.ReceiveAsync(1)).Entry.Content.Text);
        // The same addresses are the same record after a restart: nobody has to learn it again.
        Assert.Equal(1ul, alice.Runtime.Members.Find(RoomOf(alice), carol.Runtime.Id)!.Sequence);
        Assert.Equal(3, carol.Runtime.RoomAdministration.ListMembers("friends").Count());
    }

    [Fact]
    public async Task Who_leaves_a_room_forgets_its_members_and_is_dialled_no_more()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await CreateAsync(alice);
        await JoinAsync(bob, alice);
        var room = RoomOf(bob);
        await RunningNode.WaitUntilAsync(() => Known(bob) == 1, "bob knows alice");
        await bob.Runtime.RoomAdministration.LeaveAsync("friends", Token);
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Members.List(room).Count == 0 && bob.Runtime.Diallers.Find(alice.Id) is null, "bob has forgotten alice");
        await bob.StopAsync();
        await bob.StartAgainAsync();
        Assert.Empty(bob.Runtime.Members.List(room));
    }

    /// <summary>A4: whatever a member says, a node that other machines can reach connects to nothing of its own machine.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A4_What_a_member_names_leads_to_nothing_that_the_dial_policy_forbids(bool dialAny)
    {
        using var victim = new DialCounter();
        var port = victim.Address.Split(':')[1];
        await using var alice = await RunningNode.StartOnAllAddressesAsync("alice", dialAny);
        var ticket = (await CreateAsync(alice)).Ticket;
        await using var mallory = await RawMember.LinkAsync(alice, ticket, 40);
        var signers = Enumerable.Range(50, 5).Select(StoreFixture.MakeKey).ToList();
        string[] hosts = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"];
        await mallory.TellAsync([.. signers.Zip(hosts, (signer, host) => mallory.Sign(signer, 1, $"{host}:{port}"))]);
        await RunningNode.WaitUntilAsync(() => alice.Runtime.Members.ListFailed(RoomOf(alice)).Count == hosts.Length, "alice has tried all");
        if (dialAny)
            Assert.True(victim.Count >= hosts.Length, $"{victim.Count} connections, so the addresses led nowhere in any case");
        else
            Assert.Equal(0, victim.Count);
        Assert.Equal(0, Known(alice));

        // A ticket is what somebody else wrote, too.
        var trap = new RoomTicket(RoomTicket.Parse(ticket, out _)!.Secret, "trap", [new(sybil.PeerId, [$"127.0.0.1:{port}"])]);
        var before = victim.Count;
        await alice.Runtime.RoomAdministration.JoinAsync(trap.ToText(), "", Token);
        await RunningNode.WaitUntilAsync(() => alice.Runtime.Diallers.Find(sybil.PeerId.ToString()) is { Failures: > 0 }, "alice has tried the ticket's peer");
        Assert.Equal(dialAny, victim.Count > before);
        signers.ForEach(signer => signer.Dispose());
    }

    /// <summary>A1: who answers must be who signed.</summary>
    [Fact]
    public async Task A1_A_record_is_adopted_only_if_its_signer_answers_there()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var ticket = (await CreateAsync(alice)).Ticket;
        await using var mallory = await RawMember.LinkAsync(alice, ticket, 40);
        await mallory.TellAsync(mallory.Sign(sybil, 1, $"127.0.0.1:{bob.Port}"));
        await RunningNode.WaitUntilAsync(() => alice.Runtime.Members.ListFailed(RoomOf(alice)).ContainsKey(sybil.PeerId), "alice has met bob there");
        Assert.Contains(bob.Id, alice.Runtime.RoomAdministration.ListMembers("friends").Single(member => member.PeerId == sybil.PeerId.ToString()).LastError, StringComparison.Ordinal);
        Assert.Equal(0, Known(alice));
        Assert.Null(alice.Runtime.Diallers.Find(sybil.PeerId.ToString()));
    }

    [Fact]
    public async Task S1_A_record_that_its_member_has_not_signed_ends_the_link()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var ticket = (await CreateAsync(alice)).Ticket;
        await using var mallory = await RawMember.LinkAsync(alice, ticket, 40);
        await mallory.TellAsync(mallory.Sign(sybil, 1, $"127.0.0.1:{bob.Port}") with { Peer = bob.Runtime.Id });
        var last = await mallory.ReadUntilAsync(frame => frame.KindCase == Frame.KindOneofCase.Goodbye);
        Assert.Equal(GoodbyeReason.Protocol, last.Goodbye.Reason);
        Assert.Equal(0, Known(alice));
        Assert.Empty(alice.Runtime.Members.ListFailed(RoomOf(alice)));
    }

    [Fact]
    public async Task An_older_record_does_not_take_the_place_of_a_newer_one()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        var ticket = (await CreateAsync(alice)).Ticket;
        await JoinAsync(bob, alice);
        await RunningNode.WaitUntilAsync(() => Known(alice) == 1, "alice has bob's record");
        var held = alice.Runtime.Members.Find(RoomOf(alice), bob.Runtime.Id)!;
        await using var mallory = await RawMember.LinkAsync(alice, ticket, 40);
        // Records go from member to member, so mallory has bob's as well, and may show it again; it changes nothing.
        await mallory.TellAsync(held);
        await mallory.FlushAsync();
        Assert.Same(held, alice.Runtime.Members.Find(RoomOf(alice), bob.Runtime.Id));

        await mallory.TellAsync(mallory.Sign(sybil, 7, "127.0.0.1:1"));
        await mallory.FlushAsync();
        await mallory.TellAsync(mallory.Sign(sybil, 6, $"127.0.0.1:{carol.Port}"));
        await mallory.FlushAsync();
        Assert.False(alice.Runtime.Members.IsNews(mallory.Sign(sybil, 7, "127.0.0.1:2")));
        Assert.True(alice.Runtime.Members.IsNews(mallory.Sign(sybil, 8, "127.0.0.1:2")));
    }

    /// <summary>A2: members are told of among members only.</summary>
    [Fact]
    public async Task A2_What_a_peer_that_is_not_in_the_room_says_of_it_is_ignored()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var ticket = (await CreateAsync(alice)).Ticket;
        using var peer = StoreFixture.MakeKey(40);
        await alice.Runtime.Administration.AcceptAsync(peer.PeerId.ToString(), "mallory", Token);
        await using var mallory = await RawMember.LinkAsync(alice, ticket, 40, inRoom: false);
        var record = mallory.Sign(sybil, 1, "127.0.0.1:1");
        await mallory.TellAsync(record);
        await mallory.FlushAsync();
        Assert.True(alice.Runtime.Members.IsNews(record));
    }

    /// <summary>A node whose database was put back says what it said before; its members remember what it said later.</summary>
    [Fact]
    public async Task Who_has_forgotten_its_newest_record_hears_of_it_and_outdoes_it()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var ticket = (await CreateAsync(alice)).Ticket;
        await using var mallory = await RawMember.LinkAsync(alice, ticket, 40);
        await mallory.ReadUntilAsync(frame => OwnRecord(frame, alice)?.Sequence == 1);
        using (var identity = IdentityFile.LoadOrCreate(Path.Combine(alice.DataDirectory, "identity.key")))
            await mallory.TellAsync(mallory.Sign(identity, 30, "192.0.2.1:1"));
        await using var other = await RunningNode.StartAsync("other");
        await other.Runtime.RoomAdministration.JoinAsync(ticket, "", Token);
        await RunningNode.WaitUntilAsync(() => other.Runtime.Members.Find(RoomOf(other), alice.Runtime.Id)?.Sequence == 31, "alice has outdone it");
        Assert.Equal([$"127.0.0.1:{alice.Port}"], other.Runtime.Members.Find(RoomOf(other), alice.Runtime.Id)!.Addresses);
    }

    /// <summary>What the simulation shows of views holds for a node: it lets go of members that have neighbours enough, says why, and keeps the peers of its book.</summary>
    [Fact]
    public async Task In_a_large_room_a_node_lets_go_of_neighbours_that_it_does_not_need()
    {
        const int most = 12;
        var clock = new SteppedClock();
        await using var alice = await RunningNode.StartAsync("alice", clock);
        var ticket = (await CreateAsync(alice)).Ticket;
        var members = new List<RawMember>();
        for (var number = 100; number < 100 + most + 4; number++)
            members.Add(await RawMember.LinkAsync(alice, ticket, number));
        // One has nobody else, and another is a peer of the book.
        await alice.Runtime.Administration.AcceptAsync(members[1].Peer.ToString(), "friend", Token);
        var farewells = new Goodbye?[members.Count];
        // For a minute it waits whether the room stays large.
        for (var second = 0; second < 120; second++)
        {
            for (var index = 0; index < members.Count; index++)
            {
                if (farewells[index] is null)
                    await members[index].TellAsync(neighbours: index == 0 ? 1 : 7, members: 500);
                farewells[index] ??= await members[index].FlushAsync();
            }

            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(most, alice.Runtime.Links.Count);
        Assert.Null(farewells[0]);
        Assert.Null(farewells[1]);
        Assert.Equal(Enumerable.Repeat(GoodbyeReason.Crowded, 4), farewells.OfType<Goodbye>().Select(farewell => farewell.Reason));
        foreach (var member in members)
            await member.DisposeAsync();
    }

    private static Protocol.AddressRecord? OwnRecord(Frame frame, RunningNode node) =>
        frame.Members?.Records.FirstOrDefault(record => record.PeerId.Span.SequenceEqual(node.Runtime.Id.ToArray()));

    private static ConversationId RoomOf(RunningNode node) => node.Runtime.Rooms.Snapshot.FindByName("friends")!.Conversation;

    private static int Known(RunningNode node) => node.Runtime.Members.List(RoomOf(node)).Count;

    private static Task WaitForLinkAsync(RunningNode node, RunningNode other) => RunningNode.WaitUntilAsync(
        () => node.Runtime.Links.Find(other.Runtime.Id)?.Sharing.Shared.Count > 0, $"{node.Name} is linked with {other.Name}");

    private static Task<CreateRoomResponse> CreateAsync(RunningNode node) => node.Runtime.RoomAdministration.CreateAsync("friends", Token);

    private static Task<Room> JoinAsync(RunningNode node, RunningNode member) =>
        node.Runtime.RoomAdministration.JoinAsync(member.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
}
