using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>A recipient that is away gets everything when it returns (D1, L1, L2); a node that leaves does so quickly.</summary>
public sealed class AbsenceTests
{
    [Fact]
    public async Task A_message_to_a_node_that_is_down_is_accepted_and_delivered_once_when_it_returns()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await bob.KillAsync();

        var accepted = await alice.Client.SendAsync("bob", "one");
        var started = TimeProvider.System.GetTimestamp();
        var waited = await alice.Client.SendAsync("bob", "two", waitFor: DeliveryState.Delivered, limit: TimeSpan.FromSeconds(2));
        var took = TimeProvider.System.GetElapsedTime(started);

        Assert.Equal(DeliveryState.Accepted, accepted.State);
        Assert.Equal(DeliveryState.Accepted, waited.State);
        Assert.True(took < TimeSpan.FromSeconds(2), $"the answer came after {took}, not before the deadline");
        Assert.Equal(2ul, (await alice.Client.Node.GetNodeAsync(new GetNodeRequest())).Undelivered);

        await bob.StartAsync();
        var read = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, 2, TimeSpan.FromSeconds(2));

        Assert.Equal(["one", "two"], read.Texts);
        await Eventually.HoldsAsync("alice hears that all is delivered",
            async () => (await alice.Client.Node.GetNodeAsync(new GetNodeRequest())).Undelivered == 0);
        Assert.Equal(["one", "two"], (await bob.Client.ReadAllAsync()).Texts);
    }

    [Fact]
    public async Task Sending_to_a_node_that_was_never_seen_waits_for_it()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await alice.StopAsync();
        await bob.StopAsync();
        await alice.StartAsync();

        await alice.Client.SendAsync("bob", "after a restart, bob is known by its pin");
        await bob.StartAsync();

        var read = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, 1);
        Assert.Equal("after a restart, bob is known by its pin", Assert.Single(read.Texts));
    }

    [Fact]
    public async Task A_frozen_recipient_is_waited_for_and_then_gets_everything()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        bob.Freeze();
        try
        {
            for (var i = 0; i < 20; i++) await alice.Client.SendAsync("bob", $"{i}");
        }
        finally
        {
            bob.Thaw();
        }

        var read = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, 20);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), read.Texts);
    }

    [Fact]
    public async Task SIGTERM_ends_a_node_within_five_seconds_with_exit_code_0_and_a_goodbye()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        using var subscription = bob.Client.Peer.Subscribe(new SubscribeRequest { StartAt = StartAt.Start });
        using var events = alice.Client.Node.WatchEvents(new WatchEventsRequest(), deadline: NodeClient.In(Eventually.Generous));
        await events.ResponseHeadersAsync;

        var (code, took) = await bob.StopAsync();

        Assert.True(code == 0, $"exit code {code}\n{bob.Output}");
        Assert.True(took < TimeSpan.FromSeconds(5), $"it took {took}");
        var down = await NextDownAsync(events);
        Assert.Equal(("bob", "The node is stopping."), (down.Alias, down.Reason));
    }

    [Fact]
    public async Task A_killed_node_said_no_goodbye_and_nobody_says_so_for_it()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        using var events = alice.Client.Node.WatchEvents(new WatchEventsRequest(), deadline: NodeClient.In(Eventually.Generous));
        await events.ResponseHeadersAsync;

        await bob.KillAsync();

        Assert.Contains((await NextDownAsync(events)).Reason, (string[])["the connection broke", "the connection ended"]);
    }

    private static async Task<LinkDownEvent> NextDownAsync(AsyncServerStreamingCall<WatchEventsResponse> events)
    {
        LinkDownEvent? down = null;
        while (down is null && await events.ResponseStream.MoveNext()) down = events.ResponseStream.Current.LinkDown;
        return down!;
    }

    [Fact]
    public async Task Messages_that_wait_keep_their_author_s_order_across_restarts_of_the_author()
    {
        const int starts = 6;
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await bob.KillAsync();
        for (var i = 0; i < starts; i++)
        {
            await alice.Client.SendAsync("bob", $"{i}");
            await alice.KillAsync();
            await alice.StartAsync();
        }

        await bob.StartAsync();

        var read = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, starts);
        Assert.Equal(Enumerable.Range(0, starts).Select(i => $"{i}"), read.Texts);
    }
}
