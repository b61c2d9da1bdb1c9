using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using P2PGrpc.Node.Invites;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;
using PeerTicket = P2PGrpc.Core.Invites.PeerTicket;

namespace P2PGrpc.Node.Tests.Invites;

/// <summary>Invites among whole nodes over real TLS: a ticket lets one peer in, once.</summary>
public sealed class InviteTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task By_an_invite_two_nodes_know_each_other_without_another_word_of_their_owners()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var used = alice.WaitForEventAsync(happened => happened.Notice?.Reason == "INVITE_USED");
        var inviter = await RedeemAsync(bob, await InviteAsync(alice, "bob"));
        Assert.Equal((alice.Id, "alice"), (inviter.PeerId, inviter.Alias));
        await alice.WaitForLinkAsync("bob");
        await bob.WaitForLinkAsync("alice");

        Assert.Equal(bob.Id, (await used).Notice.PeerId);
        Assert.Equal((bob.Id, Admission.Known), (alice.Find("bob")!.PeerId, alice.Find("bob")!.Admission));
        await alice.SendAsync("bob", "welcome");
        await bob.SendAsync("alice", "thank you");
        Assert.Equal("welcome", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);
        Assert.Equal("thank you", Assert.Single(await alice.ReceiveAsync(1)).Entry.Content.Text);
        Assert.Empty(alice.Runtime.InviteAdministration.List());
    }

    /// <summary>A2: an invite is good once.</summary>
    [Fact]
    public async Task A2_Whoever_comes_second_with_a_ticket_may_only_knock()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        var ticket = await InviteAsync(alice, "friend");
        await RedeemAsync(bob, ticket);
        await alice.WaitForLinkAsync("friend");
        await RedeemAsync(carol, ticket);
        await AssertKnocksAsync(alice, carol);
        await RunningNode.WaitUntilAsync(
            () => carol.Find("alice")!.LastError.Contains("does not take this node's invite", StringComparison.Ordinal), "carol can see why");
    }

    /// <summary>A2: of two who show one ticket at the same moment one is let in.</summary>
    [Fact]
    public async Task A2_Of_two_who_come_at_once_with_one_ticket_one_is_let_in()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        var ticket = await InviteAsync(alice);
        await alice.StopAsync();
        await RedeemAsync(bob, ticket);
        await RedeemAsync(carol, ticket);
        await alice.StartAgainAsync();
        await RunningNode.WaitUntilAsync(
            () => new[] { alice.Find(bob.Id)?.Admission, alice.Find(carol.Id)?.Admission }.Order().SequenceEqual([Admission.Known, Admission.Knocking]),
            "one is known and the other knocks");
    }

    /// <summary>A2, S2: neither side's restart loses an invite, or makes it good once more.</summary>
    [Fact]
    public async Task A2_An_invite_survives_restarts_of_both_until_it_is_used()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        var ticket = await InviteAsync(alice, "bob");
        await alice.StopAsync();
        await RedeemAsync(bob, ticket);
        await bob.StopAsync();
        await bob.StartAgainAsync();
        await RunningNode.WaitUntilAsync(() => bob.Find("alice")!.LastError.Length > 0, "bob has dialled in vain");
        await alice.StartAgainAsync();
        await bob.WaitForLinkAsync("alice");
        Assert.Equal(bob.Id, alice.Find("bob")!.PeerId);
        Assert.Null(bob.Runtime.Redemptions.Find(alice.Runtime.Id));

        await alice.StopAsync();
        await bob.StopAsync();
        await bob.StartAgainAsync();
        await alice.StartAgainAsync();
        Assert.Null(bob.Runtime.Redemptions.Find(alice.Runtime.Id));
        await RedeemAsync(carol, ticket);
        await AssertKnocksAsync(alice, carol);
        await alice.WaitForLinkAsync("bob");
    }

    [Fact]
    public async Task A2_A_revoked_invite_lets_nobody_in()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var ticket = await InviteAsync(alice, "bob");
        await InviteAsync(alice, "carol");
        await alice.Runtime.InviteAdministration.RevokeAsync("bob", Token);
        Assert.Equal("carol", Assert.Single(alice.Runtime.InviteAdministration.List()).Alias);
        await RedeemAsync(bob, ticket);
        await AssertKnocksAsync(alice, bob);
    }

    /// <summary>A2, V3: an invite ends by the time that its node has run, over restarts, whatever a wall clock says.</summary>
    [Fact]
    public async Task A2_V3_An_invite_ends_when_its_node_has_run_so_long()
    {
        var clock = new SteppedClock();
        await using var alice = await RunningNode.StartAsync("alice", clock);
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        var early = await InviteAsync(alice, "bob", TimeSpan.FromMinutes(8));
        var late = await InviteAsync(alice, "carol", TimeSpan.FromMinutes(8));
        clock.Advance(TimeSpan.FromMinutes(4));
        await alice.StopAsync();
        clock.AdjustTime(clock.GetUtcNow() + TimeSpan.FromDays(100));
        await alice.StartAgainAsync();
        clock.Advance(TimeSpan.FromMinutes(4) - TimeSpan.FromSeconds(1));
        await RedeemAsync(bob, early);
        await alice.WaitForLinkAsync("bob");
        Assert.Equal(1ul, Assert.Single(alice.Runtime.InviteAdministration.List()).ExpiresAfterSeconds);

        clock.Advance(TimeSpan.FromSeconds(1));
        await RedeemAsync(carol, late);
        await AssertKnocksAsync(alice, carol);
        Assert.Empty(alice.Runtime.InviteAdministration.List());
    }

    [Fact]
    public async Task A2_An_invite_lets_in_nobody_who_is_blocked_and_stays_open()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await alice.Runtime.Administration.BlockAsync(bob.Id, Token);
        await RedeemAsync(bob, await InviteAsync(alice));
        await RunningNode.WaitUntilAsync(() => bob.Find("alice")!.LastError.Contains("blocked", StringComparison.Ordinal), "bob is told that he is blocked");
        Assert.Equal(Admission.Blocked, alice.Find(bob.Id)!.Admission);
        Assert.Single(alice.Runtime.InviteAdministration.List());
    }

    [Fact]
    public async Task A2_Another_secret_than_the_invites_opens_nothing()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var ticket = PeerTicket.Parse(await InviteAsync(alice, "bob"), out _)!;
        await RedeemAsync(bob, (ticket with { Secret = new InviteSecret(new byte[InviteSecret.Length]) }).ToText());
        await AssertKnocksAsync(alice, bob);
        Assert.Single(alice.Runtime.InviteAdministration.List());

        // Taken up once more, with the right one.
        await RedeemAsync(bob, ticket.ToText());
        await alice.WaitForLinkAsync("bob");
    }

    [Fact]
    public async Task Who_is_linked_for_a_room_alone_comes_to_be_known_by_an_invite()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var room = await alice.Runtime.RoomAdministration.CreateAsync("friends", Token);
        await bob.Runtime.RoomAdministration.JoinAsync(room.Ticket, "", Token);
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Links.Count == 1, "bob is let in for the room");
        Assert.Null(alice.Find(bob.Id));
        await RedeemAsync(bob, await InviteAsync(alice, "bob"));
        await alice.WaitForLinkAsync("bob");
        await bob.SendAsync("alice", "for you alone");
        Assert.Equal("for you alone", Assert.Single(await alice.ReceiveAsync(1)).Entry.Content.Text);
    }

    [Fact]
    public async Task A_ticket_among_nodes_that_know_each_other_changes_nothing_and_is_used_up()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("my-alice"));
        // Without an address: were both to dial, the one link might still give way to the other.
        await alice.AddAsync($"my-bob={bob.Id}");
        await bob.WaitForLinkAsync("my-alice");
        var linked = alice.Runtime.Links.Find(bob.Runtime.Id);
        await RedeemAsync(bob, await InviteAsync(alice, "bob"));
        Assert.Same(linked, alice.Runtime.Links.Find(bob.Runtime.Id));
        await alice.StopAsync();
        await alice.StartAgainAsync();
        await RunningNode.WaitUntilAsync(
            () => bob.Runtime.Redemptions.Find(alice.Runtime.Id) is null && bob.Find("my-alice")!.Link == LinkState.Up, "the two have met again");
        Assert.Equal("my-bob", alice.Find(bob.Id)!.Alias);
        Assert.Equal("my-alice", bob.Find(alice.Id)!.Alias);
    }

    /// <summary>A1: a ticket names any address that its maker likes.</summary>
    [Fact]
    public async Task A1_A_ticket_that_names_anothers_address_does_not_get_its_alias()
    {
        await using var mallory = await RunningNode.StartAsync("mallory");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var owner = await RunningNode.StartAsync("owner");
        await bob.StopAsync();
        var address = $"127.0.0.1:{bob.Port}";
        await owner.AddAsync($"bob={address}");
        var secret = PeerTicket.Parse(await InviteAsync(mallory), out _)!.Secret;
        var hostile = new PeerTicket(secret, "bob", new Core.Identity.TicketPeer(mallory.Runtime.Id, [address, $"127.0.0.1:{mallory.Port}"]));
        var inviter = await RedeemAsync(owner, hostile.ToText());
        Assert.Equal((mallory.Id, ""), (inviter.PeerId, inviter.Alias));
        Assert.Equal(("", Admission.Unpinned), (owner.Find("bob")!.PeerId, owner.Find("bob")!.Admission));
        await owner.WaitForLinkAsync(mallory.Id);
        await bob.StartAgainAsync();
        await RunningNode.WaitUntilAsync(() => owner.Find("bob")!.PeerId == bob.Id, "bob is pinned where he was expected");
    }

    [Fact]
    public async Task Who_was_given_by_an_address_and_then_invites_is_one_peer_with_the_alias_that_it_had()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var ticket = await InviteAsync(alice, "bob");
        await alice.StopAsync();
        await bob.AddAsync($"alice=127.0.0.1:{alice.Port}");
        await RedeemAsync(bob, ticket);
        await alice.StartAgainAsync();
        await RunningNode.WaitUntilAsync(() => bob.Find("alice")?.PeerId == alice.Id && bob.Runtime.Book.Snapshot.Records.Count == 1, "the two are one");
        await alice.WaitForLinkAsync("bob");
    }

    [Fact]
    public async Task Who_removes_the_inviter_shows_it_nothing_any_more()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var ticket = await InviteAsync(alice, "bob");
        await alice.StopAsync();
        await RedeemAsync(bob, ticket);
        Assert.NotNull(bob.Runtime.Redemptions.Find(PeerId.Parse(bob.Find("alice")!.PeerId)));
        var inviter = PeerId.Parse(bob.Find("alice")!.PeerId);
        await bob.Runtime.Administration.RemoveAsync("alice", Token);
        Assert.Null(bob.Runtime.Redemptions.Find(inviter));
    }

    [Fact]
    public async Task What_can_not_be_given_or_taken_up_is_refused_with_a_reason()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var ticket = await InviteAsync(alice, "bob");
        await RefusesAsync(PeerBookFault.InvalidTicket, () => RedeemAsync(alice, ticket));
        await RefusesAsync(PeerBookFault.InvalidTicket, () => RedeemAsync(bob, ticket[..^1]));
        await RefusesAsync(PeerBookFault.InvalidTicket, () => RedeemAsync(
            bob, new PeerTicket(PeerTicket.Parse(ticket, out _)!.Secret, "alice", new Core.Identity.TicketPeer(alice.Runtime.Id, ["nowhere"])).ToText()));
        await RefusesAsync(PeerBookFault.InvalidAlias, () => RedeemAsync(bob, ticket, "No Alias"));
        await bob.AddAsync("alice=127.0.0.1:1");
        await RefusesAsync(PeerBookFault.AlreadyExists, () => RedeemAsync(bob, ticket));
        await RedeemAsync(bob, ticket, "the-other-alice");
        await alice.WaitForLinkAsync("bob");

        await RefusesAsync(PeerBookFault.AlreadyExists, () => InviteAsync(alice, "bob"));
        await InviteAsync(alice, "carol");
        await RefusesAsync(PeerBookFault.AlreadyExists, () => InviteAsync(alice, "carol"));
        await RefusesAsync(PeerBookFault.InvalidAlias, () => InviteAsync(alice, "self"));
        await RefusesAsync(PeerBookFault.InvalidExpiry, () => InviteAsync(alice, "", TimeSpan.FromDays(366)));
        await RefusesAsync(PeerBookFault.InvalidExpiry, () => InviteAsync(alice, "", TimeSpan.FromSeconds(ulong.MaxValue / 1e8)));
        await RefusesAsync(PeerBookFault.UnknownInvite, () => alice.Runtime.InviteAdministration.RevokeAsync("dave", Token));
        await alice.Runtime.InviteAdministration.RevokeAsync(alice.Runtime.InviteAdministration.List().Single().Id[..8], Token);
        for (var count = 0; count < InviteBook.MaximumOpen; count++)
            await InviteAsync(alice);
        await RefusesAsync(PeerBookFault.TooManyInvites, () => InviteAsync(alice));
    }

    private static async Task RefusesAsync(PeerBookFault fault, Func<Task> act) =>
        Assert.Equal(fault, (await Assert.ThrowsAsync<PeerBookException>(act)).Fault);

    private static async Task<string> InviteAsync(RunningNode node, string alias = "", TimeSpan lifetime = default) =>
        (await node.Runtime.InviteAdministration.CreateAsync(alias, (ulong)lifetime.TotalSeconds, Token)).Ticket;

    private static Task<Peer> RedeemAsync(RunningNode node, string ticket, string alias = "") =>
        node.Runtime.InviteAdministration.RedeemAsync(ticket, alias, Token);

    private static Task AssertKnocksAsync(RunningNode node, RunningNode stranger) => RunningNode.WaitUntilAsync(
        () => node.Find(stranger.Id)?.Admission == Admission.Knocking, $"{stranger.Name} knocks at {node.Name}'s");
}
