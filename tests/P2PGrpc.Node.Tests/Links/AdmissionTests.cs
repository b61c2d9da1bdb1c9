using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Links;

/// <summary>Who gets in: pinning, knocking, accepting, blocking, removing, changed identities.</summary>
public sealed class AdmissionTests
{
    [Fact]
    public async Task Two_nodes_that_list_each_other_by_address_alone_find_and_pin_each_other()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        await bob.WaitForLinkAsync("alice");
        Assert.Equal(bob.Id, alice.Find("bob")!.PeerId);
        Assert.Equal(alice.Id, bob.Find("alice")!.PeerId);
        Assert.Equal(Admission.Known, alice.Find("bob")!.Admission);
    }

    [Fact]
    public async Task A2_A_stranger_may_only_knock_until_the_owner_accepts_it()
    {
        await using var bob = await RunningNode.StartAsync("bob");
        var knocked = bob.WaitForEventAsync(happened => happened.Knock is not null);
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, bob.PeerText("bob"));
        var knock = (await knocked).Knock;
        Assert.Equal((alice.Id, "alice"), (knock.PeerId, knock.SuggestedName));
        await RunningNode.WaitUntilAsync(
            () => alice.Find("bob")!.LastError.Contains($"p2pgrpc peers accept {alice.Id}", StringComparison.Ordinal), "alice is told what bob's owner has to type");
        Assert.Equal(Admission.Knocking, bob.Find(alice.Id)!.Admission);
        Assert.Equal(bob.Id, alice.Find("bob")!.PeerId);

        // What alice wrote before she was let in waits for her link.
        await alice.SendAsync("bob", "let me in");
        Assert.Equal(0ul, bob.Runtime.Store.LastPosition);
        await bob.Runtime.Administration.AcceptAsync(alice.Id[..10], "alice", TestContext.Current.CancellationToken);
        var (batch, entry) = Assert.Single(await bob.ReceiveAsync(1));
        Assert.Equal(("alice", "let me in"), (batch.Alias, entry.Content.Text));
    }

    [Fact]
    public async Task Open_admission_lets_strangers_in_and_keeps_them()
    {
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Any);
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        await RunningNode.WaitUntilAsync(() => bob.Find(alice.Id)?.Admission == Admission.Known, "bob knows alice");
        var answer = await bob.SendAsync(alice.Id, "welcome", request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal(DeliveryState.Delivered, answer.State);
    }

    [Fact]
    public async Task A_blocked_peer_is_cut_off_at_once_and_stays_out_until_accepted()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        await bob.Runtime.Administration.BlockAsync("alice", TestContext.Current.CancellationToken);
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Links.Count == 0, "the link is closed");
        await RunningNode.WaitUntilAsync(
            () => alice.Find("bob")!.LastError.Contains("blocked", StringComparison.Ordinal), "alice is told that she is blocked");
        await alice.SendAsync("bob", "unheard");
        Assert.Equal(0ul, bob.Runtime.Store.LastPosition);

        await bob.Runtime.Administration.AcceptAsync("alice", "", TestContext.Current.CancellationToken);
        Assert.Equal("unheard", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);
    }

    [Fact]
    public async Task A_removed_peer_is_a_stranger_again_and_the_book_survives_a_restart()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await bob.WaitForLinkAsync("alice");
        await bob.StopAsync();
        await bob.StartAgainAsync();
        Assert.Equal(alice.Id, bob.Find("alice")!.PeerId);
        await bob.WaitForLinkAsync("alice");

        await bob.Runtime.Administration.RemoveAsync("alice", TestContext.Current.CancellationToken);
        await RunningNode.WaitUntilAsync(() => bob.Find(alice.Id)?.Admission == Admission.Knocking, "alice knocks");
        Assert.Null(bob.Find("alice"));
    }

    [Fact]
    public async Task A1_Another_identity_at_a_pinned_address_is_refused_loudly()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Any);
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        var pinned = bob.Id;
        await bob.StopAsync();
        var noticed = alice.WaitForEventAsync(happened => happened.Notice?.Reason == "IDENTITY_CHANGED");
        Directory.Delete(bob.DataDirectory, recursive: true);
        await bob.StartAgainAsync(AdmissionPolicy.Any);
        Assert.NotEqual(pinned, bob.Id);
        Assert.Contains("p2pgrpc peers remove bob", (await noticed).Notice.Detail, StringComparison.Ordinal);
        Assert.NotEqual(LinkState.Up, alice.Find("bob")!.Link);
        Assert.Equal(pinned, alice.Find("bob")!.PeerId);
    }

    [Fact]
    public async Task A_peer_that_does_not_know_this_node_is_told_of_once_however_many_addresses_it_has()
    {
        var clock = new SteppedClock();
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice", clock);
        using var watch = alice.Runtime.Events.Watch();
        var knocks = 0;
        bob.Runtime.Server.Heard += _ => Interlocked.Increment(ref knocks);
        await alice.AddAsync($"bob={bob.Id}@127.0.0.1:{bob.Port}");
        await alice.AddAsync($"bob={bob.Id}@localhost:{bob.Port}");
        await KnockAgainAsync(2);
        Assert.DoesNotContain(await ReadAllAsync(alice, watch), IsNotAdmitted);

        clock.Advance(LinkLimits.Acquaintance);
        // A dial begins when the one before it is judged, so all but the last of these are, and each address was dialled more than once.
        await KnockAgainAsync(6);

        Assert.Single(await ReadAllAsync(alice, watch), IsNotAdmitted);

        async Task KnockAgainAsync(int times)
        {
            for (; times > 0; times--)
            {
                var before = Volatile.Read(ref knocks);
                alice.Runtime.Diallers.Nudge(bob.Runtime.Id);
                await RunningNode.WaitUntilAsync(() => Volatile.Read(ref knocks) > before, "alice knocks once more");
            }
        }
    }

    [Fact]
    public async Task A_peer_that_comes_to_know_this_node_soon_is_no_news()
    {
        var clock = new SteppedClock();
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice", clock);
        using var watch = alice.Runtime.Events.Watch();
        await alice.AddAsync(bob.PeerText("bob"));
        await RunningNode.WaitUntilAsync(
            () => alice.Find("bob")!.LastError.Contains("peers accept", StringComparison.Ordinal), "alice is refused, and can see why");
        clock.Advance(LinkLimits.Acquaintance - TimeSpan.FromMilliseconds(1));
        await bob.AddAsync(alice.PeerText("alice"));
        await alice.WaitForLinkAsync("bob");

        Assert.DoesNotContain(await ReadAllAsync(alice, watch), IsNotAdmitted);
    }

    [Fact]
    public async Task Two_nodes_that_know_each_other_by_address_meet_without_a_word_to_their_owners()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.StopAsync();
        // The time for bob's next dial of his own never comes: that alice knocks is all that makes him dial.
        await using var bob = await RunningNode.StartAsync("bob", new SteppedClock(), AdmissionPolicy.Known, alice.PeerText("alice"));
        using var watch = bob.Runtime.Events.Watch();
        await RunningNode.WaitUntilAsync(() => bob.Find("alice")!.LastError.Length > 0, "bob has dialled in vain");

        await alice.StartAgainAsync(AdmissionPolicy.Known, bob.PeerText("bob"));
        await bob.WaitForLinkAsync("alice");
        await alice.WaitForLinkAsync("bob");

        Assert.DoesNotContain(await ReadAllAsync(bob, watch), happened => happened.Knock is not null || happened.Notice is not null);
    }

    /// <summary>Each of the two waits twice as long as before until it takes the link again, up to half a minute, and says what its owner has to do.</summary>
    [Fact]
    public async Task Two_processes_with_one_identity_take_the_link_from_each_other_ever_more_seldom()
    {
        const int rounds = 11;
        var (aliceClock, twinClock) = (new SteppedClock(), new SteppedClock());
        await using var carol = await RunningNode.StartAsync("carol", AdmissionPolicy.Any);
        await using var alice = await RunningNode.StartAsync("alice", aliceClock);
        await using var twin = await RunningNode.StartAsync("twin", twinClock);
        await twin.StopAsync();
        foreach (var file in Directory.EnumerateFiles(twin.DataDirectory, "p2pgrpc.db*"))
            File.Delete(file);
        File.Copy(Path.Combine(alice.DataDirectory, "identity.key"), Path.Combine(twin.DataDirectory, "identity.key"), overwrite: true);
        await twin.StartAgainAsync();
        await alice.AddAsync(carol.PeerText("carol"));
        await alice.WaitForLinkAsync("carol");
        await twin.AddAsync(carol.PeerText("carol"));

        for (var round = 0; round < rounds; round++)
        {
            var usual = LinkLimits.FirstRedial * (1 << round);
            var longest = usual < LinkLimits.LongestRedial ? usual : LinkLimits.LongestRedial;
            await TakeLinkBackAsync(alice, aliceClock, longest);
            await TakeLinkBackAsync(twin, twinClock, longest);
        }
    }

    /// <summary>Waits until a node has lost its link to carol to its twin, and lets the time pass that it waits then.</summary>
    private static async Task TakeLinkBackAsync(RunningNode loser, SteppedClock clock, TimeSpan longest)
    {
        await RunningNode.WaitUntilAsync(
            () => loser.Find("carol") is { Link: not LinkState.Up } carol && carol.LastError.Contains("Another process that uses this node's identity", StringComparison.Ordinal)
                && clock.Redials.Count == 1,
            $"{loser.Name} has lost the link, knows why, and waits");
        var wait = clock.Redials[0];
        Assert.InRange(wait, longest / 2, longest);
        clock.Advance(wait);
        await loser.WaitForLinkAsync("carol");
    }

    private static bool IsNotAdmitted(WatchEventsResponse happened) => happened.Notice?.Reason == "NOT_ADMITTED";

    /// <summary>All that the node has told so far, and nobody has read: up to an event of the test's own.</summary>
    private static async Task<List<WatchEventsResponse>> ReadAllAsync(RunningNode node, EventWatch watch)
    {
        const string end = "END_OF_TEST";
        node.Runtime.Events.Notice(end, "", "");
        var read = new List<WatchEventsResponse>();
        await foreach (var happened in watch.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            if (happened.Notice?.Reason == end)
                break;
            read.Add(happened);
        }

        return read;
    }

    [Fact]
    public async Task A_send_to_an_address_dials_and_pins_it()
    {
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Any);
        await using var alice = await RunningNode.StartAsync("alice");
        var sent = await alice.SendAsync(bob.PeerText(), "by address", request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal(DeliveryState.Delivered, sent.State);
        Assert.Equal("by address", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);
        Assert.Equal(Admission.Known, alice.Find(bob.Id)!.Admission);
    }

    [Fact]
    public async Task Recipients_that_are_not_known_are_refused_with_near_names()
    {
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, bob.PeerText("bob"));
        var unknown = await Assert.ThrowsAsync<NodeRequestException>(() => alice.SendAsync("bpb", "x"));
        Assert.Equal((StatusCode.NotFound, "PEER_UNKNOWN"), (unknown.Status, unknown.Reason));
        Assert.Contains("Did you mean bob?", unknown.Message, StringComparison.Ordinal);
        var empty = await Assert.ThrowsAsync<NodeRequestException>(() => alice.SendAsync("", "x"));
        Assert.Equal((StatusCode.InvalidArgument, "to"), (empty.Status, empty.Field));
        var nobody = await Assert.ThrowsAsync<NodeRequestException>(() => alice.SendAsync("127.0.0.1:1", "x"));
        Assert.Equal((StatusCode.Unavailable, "PEER_NOT_IDENTIFIED"), (nobody.Status, nobody.Reason));
    }
}
