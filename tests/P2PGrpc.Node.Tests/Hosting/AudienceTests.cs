using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>What counts as undelivered, and is kept for it: what somebody shall have.</summary>
public sealed class AudienceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_written_where_nobody_else_is_waits_for_nobody_and_is_erased_when_it_is_due()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.Runtime.RoomAdministration.CreateAsync("dead-letters", Token);
        await alice.SendAsync("#dead-letters", "one");
        await alice.SendAsync("#dead-letters", "two");

        Assert.Equal((0ul, 0ul, null), (alice.Runtime.Store.CountUndelivered(), alice.Runtime.Store.CountUndelivered(Audience.Forgotten), alice.Runtime.Oldest.FindAge()));
        Assert.Equal((0ul, 0), await DrainAsync(alice));
        await KeepNothingAsync(alice);
        Assert.Equal((2, 0), CountBodies(alice));

        // Who comes later gets what is there then.
        var ticket = (await alice.Runtime.RoomAdministration.CreateAsync("later", Token)).Ticket;
        await alice.SendAsync("#later", "three");
        await using var bob = await RunningNode.StartAsync("bob");
        await bob.Runtime.RoomAdministration.JoinAsync(ticket, "", Token);
        Assert.Equal("three", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);
    }

    [Fact]
    public async Task A_member_that_was_seen_is_waited_for_also_after_a_start_D1()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var room = await alice.Runtime.RoomAdministration.CreateAsync("friends", Token);
        await bob.Runtime.RoomAdministration.JoinAsync(room.Ticket, "", Token);
        // Nothing was written, so nothing but the link has shown that there is somebody.
        await RunningNode.WaitUntilAsync(() => alice.Runtime.Rooms.Snapshot.FindByName("friends") is { HasMembers: true }, "alice has seen bob");
        await bob.StopAsync();
        await alice.StopAsync();
        await alice.StartAgainAsync();
        await alice.SendAsync("#friends", "while you were away");

        Assert.Equal(1ul, alice.Runtime.Store.CountUndelivered());
        Assert.NotNull(alice.Runtime.Oldest.FindAge());
        var left = await alice.Runtime.Upkeep.Draining.DrainAsync(new DrainRequest(), Token);
        Assert.Equal(("#friends", 1ul), (Assert.Single(left.Rooms).Room, left.Rooms[0].Undelivered));
        await KeepNothingAsync(alice);
        Assert.Equal((0, 1), CountBodies(alice));
        await bob.StartAgainAsync();
        Assert.Equal("while you were away", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);
    }

    [Fact]
    public async Task Who_came_by_a_ticket_waits_for_whom_it_names_and_whoever_left_for_nobody()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var ticket = (await alice.Runtime.RoomAdministration.CreateAsync("friends", Token)).Ticket;
        await alice.StopAsync();
        await bob.Runtime.RoomAdministration.JoinAsync(ticket, "", Token);
        await bob.SendAsync("#friends", "are you there?");
        Assert.Equal(1ul, bob.Runtime.Store.CountUndelivered());
        await KeepNothingAsync(bob);
        Assert.Equal((0, 1), CountBodies(bob));

        await bob.Runtime.RoomAdministration.LeaveAsync("friends", Token);
        Assert.Equal(0ul, bob.Runtime.Store.CountUndelivered());
        await KeepNothingAsync(bob);
        Assert.Equal((1, 0), CountBodies(bob));
    }

    [Fact]
    public async Task What_waits_for_a_peer_that_is_removed_counts_no_more_and_is_kept_for_its_return_D1()
    {
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, bob.PeerText("bob"));
        await RunningNode.WaitUntilAsync(() => alice.Find("bob")?.PeerId.Length > 0, "alice knows who bob is");
        var sent = await alice.SendAsync("bob", "for bob");
        var whole = $"bob={bob.Id}@127.0.0.1:{bob.Port}";
        Assert.Equal(1ul, alice.Runtime.Store.CountUndelivered());

        await alice.Runtime.Administration.RemoveAsync("bob", Token);
        Assert.Equal((0ul, 1ul, null), (alice.Runtime.Store.CountUndelivered(), alice.Runtime.Store.CountUndelivered(Audience.Forgotten), alice.Runtime.Oldest.FindAge()));
        Assert.Equal((0ul, 0), await DrainAsync(alice));
        Assert.Contains(
            await alice.Runtime.Upkeep.Diagnosis.RunAsync(Token),
            finding => finding is { Check: "undelivered", Severity: Severity.Ok } && finding.Detail.StartsWith("1 of this node's messages is kept for peers that were removed", StringComparison.Ordinal));
        Assert.Equal("", (await alice.Runtime.Upkeep.Explanation.ExplainAsync(sent.Reference, Token)).Peer);
        await KeepNothingAsync(alice);
        Assert.Equal((0, 1), CountBodies(alice));

        await bob.AddAsync(alice.PeerText("alice"));
        await alice.AddAsync(whole);
        Assert.Equal("for bob", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);
    }

    [Fact]
    public async Task An_entry_that_turns_out_to_be_this_node_itself_is_no_peer()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.AddAsync(alice.PeerText("me"));
        await alice.AddAsync("nobody=127.0.0.1:9");
        await RunningNode.WaitUntilAsync(() => alice.Find("me") is { ThisNode: true, Link: LinkState.Down, LastError: "" }, "alice has found herself");
        Assert.Equal(new PeerStanding(0, 1, 0), PeerStanding.Count(alice.Runtime.Book, alice.Runtime.Links, alice.Runtime.Diallers));
        Assert.Contains(
            await alice.Runtime.Upkeep.Diagnosis.RunAsync(Token), finding => finding is { Check: "peer", Severity: Severity.Ok } && finding.Detail.StartsWith("me is this node itself", StringComparison.Ordinal));
        // What is sent there stays here, as before.
        await alice.SendAsync("me", "a note");
        Assert.Equal("a note", Assert.Single(await alice.ReceiveAsync(1, request => request.IncludeOwn = true)).Entry.Content.Text);
    }

    private static async Task<(ulong Undelivered, int Named)> DrainAsync(RunningNode node)
    {
        var left = await node.Runtime.Upkeep.Draining.DrainAsync(new DrainRequest(), Token);
        await node.Runtime.Upkeep.Draining.DrainAsync(new DrainRequest { Off = true }, Token);
        return (left.Undelivered, left.Peers.Count + left.Rooms.Count);
    }

    /// <summary>Erases all that may be.</summary>
    private static async Task KeepNothingAsync(RunningNode node)
    {
        // Who sends is answered before retention hears of the message: it would be taken for one more than is held.
        await node.Runtime.Store.WriteAsync(new SqlOperation(""), Token);
        await node.Runtime.Retention.SetNodeAsync(new RetentionLimits(null, 1), Token);
        await node.Runtime.Retention.LookAsync(Token);
        await node.Runtime.Retention.SetNodeAsync(default, Token);
    }

    private static (int Erased, int Held) CountBodies(RunningNode node)
    {
        var segments = node.Runtime.Store.ReadFeed(0, 100, 1 << 20).Segments;
        return (segments.Count(segment => segment.Erased), segments.Count(segment => !segment.Erased));
    }
}
