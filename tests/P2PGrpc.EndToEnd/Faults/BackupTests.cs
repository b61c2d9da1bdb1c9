using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>Backups put back and directories copied (S3, S4): nobody signs two segments at one place, what peers hold comes back, and owners are told.</summary>
public sealed class BackupTests
{
    [Fact]
    public async Task After_a_backup_is_put_back_peers_give_back_what_is_missing_and_nothing_forks()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var backup = Path.Combine(nodes.Folder, "backup");
        await SendAsync(alice, "bob", 0, 5);
        await SendAsync(bob, "alice", 100, 5);
        await alice.StopAsync();
        Directories.Replace(alice.DataDirectory, backup);
        await alice.StartAsync();
        await SendAsync(alice, "bob", 5, 5);
        await SendAsync(bob, "alice", 105, 5);
        await alice.StopAsync();

        Directories.Replace(backup, alice.DataDirectory);
        await alice.StartAsync();
        await SendAsync(alice, "bob", 10, 5);

        var own = Enumerable.Range(0, 15).Select(i => $"{i}").ToHashSet(StringComparer.Ordinal);
        var others = Enumerable.Range(100, 10).Select(i => $"{i}");
        await Eventually.HoldsAsync("alice has back what bob held", async () =>
            own.Concat(others).ToHashSet(StringComparer.Ordinal).SetEquals((await alice.Client.ReadAllAsync(includeOwn: true)).Texts));
        Assert.Equal(own.Count, (await bob.Client.ReadAllAsync()).Messages.Count);
        Assert.Superset(own, (await bob.Client.ReadAllAsync()).Texts.ToHashSet(StringComparer.Ordinal));
        await AssertNothingForkedAsync(alice, bob);
    }

    [Fact]
    public async Task A_database_that_is_lost_comes_back_from_the_peer()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await SendAsync(alice, "bob", 0, 5);
        await SendAsync(bob, "alice", 100, 5);
        await alice.StopAsync();
        foreach (var file in Directory.EnumerateFiles(alice.DataDirectory, "p2pgrpc.db*")) File.Delete(file);

        await alice.StartAsync();
        await SendAsync(alice, "bob", 5, 1);

        await Eventually.HoldsAsync("alice has everything again",
            async () => (await alice.Client.ReadAllAsync(includeOwn: true)).Messages.Count == 11);
        await AssertNothingForkedAsync(alice, bob);
    }

    [Fact]
    public async Task A_copied_directory_that_runs_twice_is_told_to_the_peer_and_forks_nothing()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await SendAsync(alice, "bob", 0, 3);
        await alice.StopAsync();
        var twin = nodes.Add("twin");
        Directories.Replace(alice.DataDirectory, twin.DataDirectory);
        twin.Peers.Add($"bob={bob.ListenAddress}");
        using var events = bob.Client.Node.WatchEvents(new WatchEventsRequest(), deadline: NodeClient.In(TimeSpan.FromSeconds(60)));
        await events.ResponseHeadersAsync;

        await Task.WhenAll(alice.StartAsync(), twin.StartAsync());
        using var own = alice.Client.Node.WatchEvents(new WatchEventsRequest(), deadline: NodeClient.In(TimeSpan.FromSeconds(60)));
        for (var i = 3; i < 8; i++) await Task.WhenAll(alice.Client.SendAsync("bob", $"{i}"), twin.Client.SendAsync("bob", $"{i + 100}"));

        await AssertNoticeAsync(events, "IDENTITY_USED_TWICE");
        await AssertNoticeAsync(own, "IDENTITY_USED_TWICE");
        var all = Enumerable.Range(0, 8).Concat(Enumerable.Range(103, 5)).Select(i => $"{i}").Order(StringComparer.Ordinal).ToList();
        await Eventually.HoldsAsync("bob has the messages of both", async () => (await bob.Client.ReadAllAsync()).Messages.Count >= all.Count, TimeSpan.FromSeconds(60));
        var read = await bob.Client.ReadAllAsync();
        Assert.Equal(all, read.Texts.Order(StringComparer.Ordinal));
        // What each has written since lies in a log of its own, beside the one that both have from before.
        Assert.Equal(3, read.Messages.Select(message => message.Log).Distinct(StringComparer.Ordinal).Count());
        await AssertNothingForkedAsync(alice, twin, bob);
    }

    [Fact]
    public async Task A_second_process_on_one_directory_refuses_and_the_first_goes_on()
    {
        await using var nodes = new Neighbourhood();
        var first = nodes.Add("alice");
        var second = new NodeProcess("second", first.DataDirectory);
        await using var _ = second;
        await first.StartAsync();

        Assert.Equal(1, await second.StartAndExpectRefusalAsync());

        Assert.Contains("Another process uses the directory", second.Output, StringComparison.Ordinal);
        await first.Client.SendAsync("self", "still here");
    }

    private static async Task SendAsync(NodeProcess from, string to, int first, int count)
    {
        for (var i = first; i < first + count; i++) await from.Client.SendAsync(to, $"{i}", waitFor: DeliveryState.Delivered);
    }

    private static async Task AssertNothingForkedAsync(params NodeProcess[] nodes)
    {
        await Campaign.StopAndVerifyAsync(nodes);
        foreach (var node in nodes) Assert.Equal(0, Databases.ReadNumber(node.DatabasePath, "SELECT count(*) FROM log WHERE frozen = 1"));
    }

    private static async Task AssertNoticeAsync(Grpc.Core.AsyncServerStreamingCall<WatchEventsResponse> events, string reason)
    {
        while (await events.ResponseStream.MoveNext(default))
        {
            if (events.ResponseStream.Current.Notice?.Reason == reason) return;
        }
        Assert.Fail($"No notice {reason} came.");
    }
}
