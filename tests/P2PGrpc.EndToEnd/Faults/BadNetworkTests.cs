using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>A network that resets, delays, stalls, closes half and cuts in the midst of a frame (L1, L2, S2, S5, D1), by a proxy between two nodes.
/// P2PGRPC_NETWORK_SEED repeats a choice of faults.</summary>
public sealed class BadNetworkTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Resumption = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Through_a_network_that_breaks_all_the_time_everything_arrives_once_and_in_order()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("P2PGRPC_NETWORK_SEED") ?? $"{Environment.ProcessId}", null);
        output.WriteLine($"P2PGRPC_NETWORK_SEED={seed}");
        var random = new Random(seed);
        await using var nodes = new Neighbourhood();
        var (alice, bob, proxy) = await StartAsync(nodes);
        await using var _ = proxy;
        var load = new LoadGenerator(alice.Client, "bob", "a", tasks: 4) { Padding = new string('.', 2000), Pause = TimeSpan.FromMilliseconds(5) };
        load.Start();

        for (var step = 0; step < (LongForm.On ? 200 : 20); step++)
        {
            await Eventually.PauseAsync(random.Next(50, 400));
            Action[] faults =
            [
                proxy.Reset, proxy.Truncate, () => proxy.CloseHalf(true), () => proxy.CloseHalf(false), () => proxy.Delay = TimeSpan.FromMilliseconds(random.Next(300)),
                () => proxy.StallsForth = true, () => proxy.StallsBack = true,
            ];
            faults[random.Next(faults.Length)]();
            await Eventually.PauseAsync(random.Next(50, 400));
            proxy.Heal();
        }
        await load.StopAsync();

        var sum = await Campaign.CheckAsync(bob, load, TimeSpan.FromSeconds(20));
        output.WriteLine($"{sum}, {proxy.Accepted} connections");
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    /// <summary>S7: what is lost with a link stays lost; nothing comes twice, whatever breaks.</summary>
    [Fact]
    public async Task Through_a_network_that_breaks_an_ephemeral_message_arrives_at_most_once()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob, proxy) = await StartAsync(nodes);
        await using var _ = proxy;
        using var call = bob.Client.Peer.Subscribe(new SubscribeRequest { StartAt = StartAt.End }, deadline: NodeClient.In(TimeSpan.FromMinutes(1)));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var reading = new Reading();
        var last = Task.Run(async () =>
        {
            while (!reading.Texts.Contains("last") && await call.ResponseStream.MoveNext(CancellationToken.None)) reading.Add(call.ResponseStream.Current);
        });

        var sent = new List<string>();
        for (var cut = 0; cut < 6; cut++)
        {
            await Eventually.HoldsAsync("the link is up", () => alice.Client.IsLinkedAsync("bob"));
            for (var number = 0; number < 50; number++) await SendAsync($"{cut}.{number}");
            if (cut % 2 == 0) proxy.Reset();
            else proxy.Truncate();
            for (var number = 50; number < 100; number++) await SendAsync($"{cut}.{number}");
        }
        await Eventually.HoldsAsync("the last one goes out", () => SendAsync("last"));
        await last;

        Assert.NotEmpty(sent);
        Assert.Empty(reading.Texts.Except(sent));
        Assert.Equal(reading.Messages.Count, reading.Texts.Distinct().Count());
        Assert.Empty((await bob.Client.ReadAllAsync()).Messages);

        async Task<bool> SendAsync(string text)
        {
            try
            {
                await alice.Client.SendAsync(new SendRequest { To = "bob", Text = text, Ephemeral = true });
                sent.Add(text);
                return true;
            }
            catch (RpcException notLinked) when (notLinked.StatusCode == StatusCode.Unavailable)
            {
                return false;
            }
        }
    }

    [Theory]
    [InlineData(true, 12)]
    [InlineData(false, 12)]
    public async Task A_direction_that_stalls_is_noticed_and_the_link_resumes_within_five_seconds_of_its_healing(bool forth, int seconds)
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob, proxy) = await StartAsync(nodes);
        await using var _ = proxy;

        if (forth) proxy.StallsForth = true;
        else proxy.StallsBack = true;
        await alice.Client.SendAsync("bob", "while it stalls");
        var dropped = TimeProvider.System.GetTimestamp();
        await Eventually.HoldsAsync("alice notices", async () => !await alice.Client.IsLinkedAsync("bob"), TimeSpan.FromSeconds(seconds));
        output.WriteLine($"noticed after {TimeProvider.System.GetElapsedTime(dropped)}");
        proxy.Heal();

        await Eventually.HoldsAsync("bob has the message", async () => (await bob.Client.ReadAllAsync()).Messages.Count == 1, Resumption);
        Assert.Equal(DeliveryState.Delivered, (await alice.Client.SendAsync("bob", "healed", waitFor: DeliveryState.Delivered)).State);
        Assert.Equal(["while it stalls", "healed"], (await bob.Client.ReadAllAsync()).Texts);
    }

    /// <summary>Alice dials bob through the proxy; bob dials nobody.</summary>
    private static async Task<(NodeProcess Alice, NodeProcess Bob, FaultyProxy Proxy)> StartAsync(Neighbourhood nodes)
    {
        var (alice, bob) = (nodes.Add("alice"), nodes.Add("bob"));
        bob.Options.Add("--accept");
        bob.Options.Add("any");
        var proxy = new FaultyProxy(bob.ListenPort);
        alice.Peers.Add($"bob=127.0.0.1:{proxy.Port}");
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Eventually.HoldsAsync("alice and bob are linked", () => alice.Client.IsLinkedAsync("bob"));
        return (alice, bob, proxy);
    }
}
