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
        await using var bob = await RunningNode.StartAsync("bob");
        await using var gone = await RunningNode.StartAsync("gone");
        await using var alice = await RunningNode.StartAsync("alice");
        using var watch = alice.Runtime.Events.Watch();
        await alice.AddAsync($"bob={bob.Id}@127.0.0.1:{bob.Port}");
        await alice.AddAsync($"bob={bob.Id}@127.0.0.1:{gone.Port}");
        await gone.StopAsync();

        var notices = await CountAsync(watch, "NOT_ADMITTED", LinkLimits.Acquaintance + TimeSpan.FromSeconds(5));

        Assert.Equal(1, notices);
    }

    [Fact]
    public async Task A_peer_that_comes_to_know_this_node_soon_is_no_news()
    {
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice");
        using var watch = alice.Runtime.Events.Watch();
        await alice.AddAsync(bob.PeerText("bob"));
        await RunningNode.WaitUntilAsync(
            () => alice.Find("bob")!.LastError.Contains("peers accept", StringComparison.Ordinal), "alice is refused, and can see why");
        await bob.AddAsync(alice.PeerText("alice"));
        await alice.WaitForLinkAsync("bob");

        Assert.Equal(0, await CountAsync(watch, "NOT_ADMITTED", TimeSpan.FromMilliseconds(200)));
    }

    [Fact]
    public async Task Two_nodes_that_know_each_other_by_address_meet_without_a_word_to_their_owners()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.StopAsync();
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        using var watch = bob.Runtime.Events.Watch();
        // So long that bob's next dial of its own would come too late.
        await RunningNode.WaitUntilAsync(() => bob.Find("alice")!.LastError.Length > 0, "bob has dialled in vain");
        await Task.Delay(TimeSpan.FromSeconds(4), TimeProvider.System, TestContext.Current.CancellationToken);

        await alice.StartAgainAsync(AdmissionPolicy.Known, bob.PeerText("bob"));
        await bob.WaitForLinkAsync("alice");
        await alice.WaitForLinkAsync("bob");

        Assert.Equal(0, await CountAsync(watch, happened => happened.Knock is not null || happened.Notice is not null, TimeSpan.FromMilliseconds(200)));
    }

    [Fact]
    public async Task Two_processes_with_one_identity_take_the_link_from_each_other_ever_more_seldom()
    {
        await using var carol = await RunningNode.StartAsync("carol", AdmissionPolicy.Any);
        await using var alice = await RunningNode.StartAsync("alice");
        await using var twin = await RunningNode.StartAsync("twin");
        await twin.StopAsync();
        foreach (var file in Directory.EnumerateFiles(twin.DataDirectory, "p2pgrpc.db*"))
            File.Delete(file);
        File.Copy(Path.Combine(alice.DataDirectory, "identity.key"), Path.Combine(twin.DataDirectory, "identity.key"), overwrite: true);
        await twin.StartAgainAsync();
        await alice.AddAsync(carol.PeerText("carol"));
        await twin.AddAsync(carol.PeerText("carol"));

        using var early = carol.Runtime.Events.Watch();
        var changes = await CountAsync(early, happened => happened.LinkUp is not null, TimeSpan.FromSeconds(10));
        using var later = carol.Runtime.Events.Watch();
        var laterChanges = await CountAsync(later, happened => happened.LinkUp is not null, TimeSpan.FromSeconds(10));

        Assert.InRange(changes, 3, 24);
        Assert.InRange(laterChanges, 0, 6);
        Assert.True(alice.Find("carol")!.Link == LinkState.Up || alice.Find("carol")!.LastError.Contains("identity", StringComparison.Ordinal));
    }

    private static Task<int> CountAsync(EventWatch watch, string reason, TimeSpan during) =>
        CountAsync(watch, happened => happened.Notice?.Reason == reason, during);

    private static async Task<int> CountAsync(EventWatch watch, Func<WatchEventsResponse, bool> counts, TimeSpan during)
    {
        using var limit = new CancellationTokenSource(during);
        var count = 0;
        try
        {
            await foreach (var happened in watch.ReadAllAsync(limit.Token))
                count += counts(happened) ? 1 : 0;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // The time is over.
        }

        return count;
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
