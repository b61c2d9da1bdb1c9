using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>Clocks that are off by more than a year, or jump (V3): messages travel all the same, and nobody takes over a stamp from far ahead.
/// libfaketime gives each process a wall clock of its own.</summary>
public sealed class ClockTests
{
    private static readonly TimeSpan Near = TimeSpan.FromDays(30);

    [Fact]
    public async Task Messages_travel_between_nodes_whose_clocks_are_two_years_apart()
    {
        FakeClock.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        alice.Wrapper = FakeClock.Shifted(400);
        bob.Wrapper = FakeClock.Shifted(-400);
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(DeliveryState.Delivered, (await alice.Client.SendAsync("bob", $"{i}", waitFor: DeliveryState.Delivered)).State);
            Assert.Equal(DeliveryState.Delivered, (await bob.Client.SendAsync("alice", $"{i}", waitFor: DeliveryState.Delivered)).State);
        }

        var read = (await bob.Client.ReadAllAsync(includeOwn: true)).Messages;
        Assert.All(read.Where(message => message.Alias == "alice"), message => AssertNear(400, message));
        Assert.All(read.Where(message => message.Alias == "self"), message => AssertNear(-400, message));
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    [Fact]
    public async Task A_clock_that_jumps_neither_ends_links_nor_stops_messages()
    {
        FakeClock.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        var clock = new FakeClock(Path.Combine(nodes.Folder, "clock"));
        alice.Wrapper = clock.Follow();
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        using var events = alice.Client.Node.WatchEvents(new WatchEventsRequest(), deadline: NodeClient.In(TimeSpan.FromDays(500)));
        await events.ResponseHeadersAsync;

        foreach (var days in new[] { 0, 400, -400, 3, 0 })
        {
            clock.Set(days);
            var answer = await alice.Client.Peer.SendAsync(new SendRequest { To = "bob", Text = $"{days}", WaitFor = DeliveryState.Delivered });
            Assert.Equal(DeliveryState.Delivered, answer.State);
        }

        Assert.Equal(["0", "400", "-400", "3", "0"], (await bob.Client.ReadAllAsync()).Texts);
        // Once ahead it stays there: stamps never go back.
        var stamps = (await bob.Client.ReadAllAsync()).Messages;
        AssertNear(0, stamps[0]);
        Assert.All(stamps.Skip(1), message => AssertNear(400, message));
        Assert.True(await alice.Client.IsLinkedAsync("bob"));
        Assert.Equal(1u, (await bob.Client.Node.GetNodeAsync(new GetNodeRequest())).Links);
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    private static void AssertNear(int days, ReadMessage message)
    {
        var stamp = DateTimeOffset.FromUnixTimeMilliseconds((long)(message.Clock >> 16));
        var expected = TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(days);
        Assert.True((stamp - expected).Duration() < Near, $"{message.Alias}'s stamp {stamp:u} is not near {expected:u}");
    }
}
