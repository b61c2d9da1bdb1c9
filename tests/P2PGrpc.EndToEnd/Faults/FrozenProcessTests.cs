using System.Globalization;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>A process that stands still (L1, L3): it gets everything when it goes on, and others don't feel it meanwhile.</summary>
public sealed class FrozenProcessTests
{
    private static readonly TimeSpan Tolerated = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestLatency = TimeSpan.FromSeconds(1);

    /// <summary>Bytes that wait for a recipient who reads nothing: more than the most credit that it may have given.</summary>
    private const int Unread = 5 * 1024 * 1024;

    private const int Length = 50_000;

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    public async Task A_node_that_stood_still_has_everything_within_ten_seconds(int seconds)
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var load = new LoadGenerator(alice.Client, "bob", "a", tasks: 2) { Pause = TimeSpan.FromMilliseconds(10) };
        load.Start();

        bob.Freeze();
        await Eventually.PauseAsync((LongForm.On ? 3 : 1) * seconds * 1000);
        bob.Thaw();
        await load.StopAsync();

        await Campaign.CheckAsync(bob, load, TimeSpan.FromSeconds(10));
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    [Fact]
    public async Task A_recipient_that_stands_still_does_not_delay_another_one()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        var carol = nodes.Add("carol");
        alice.Peers.Add($"carol={carol.ListenAddress}");
        carol.Peers.Add($"alice={alice.ListenAddress}");
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync(), carol.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        await Neighbourhood.LinkedAsync(alice, carol);

        // What else a machine does can only add to what is measured: the least of the usual times is nearest to what is usual, and of the others the one in the
        // middle counts. None may be so bad as if bob were waited for: that lasts until his link is given up.
        _ = await MeasureAsync(alice);
        var (usual, stalled) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var round = 0; round < 3; round++)
        {
            usual.Add(await MeasureAsync(alice));
            bob.Freeze();
            var load = new LoadGenerator(alice.Client, "bob", $"r{round}t", tasks: 2) { Padding = new string('.', Length), Pause = TimeSpan.FromMilliseconds(20) };
            load.Start();
            await Eventually.HoldsAsync("more waits for bob than his link takes in", async () => await CountUndeliveredAsync(alice) * Length > Unread);
            stalled.Add(await MeasureAsync(alice));
            Assert.True(await CountUndeliveredAsync(alice) * Length > Unread, "bob read all the same");
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"p99 {usual[^1].TotalMilliseconds:0} ms, while bob stood still {stalled[^1].TotalMilliseconds:0} ms"));
            Assert.True(stalled[^1] < LongestLatency, $"while bob stood still, carol's p99 was {stalled[^1].TotalMilliseconds:0} ms");
            bob.Thaw();
            await load.StopAsync();
            await Eventually.HoldsAsync("bob has caught up, and costs the next round nothing", async () => await CountUndeliveredAsync(alice) == 0);
        }

        var extra = stalled.Order().ElementAt(1) - usual.Min();
        Assert.True(extra < Tolerated, $"while bob stood still, carol's p99 was {extra.TotalMilliseconds:0} ms longer");
    }

    private static async Task<ulong> CountUndeliveredAsync(NodeProcess alice) => (await alice.Client.ListPeersAsync()).Single(peer => peer.Alias == "bob").Undelivered;

    /// <summary>The 99th percentile of the time until carol has a message.</summary>
    private static async Task<TimeSpan> MeasureAsync(NodeProcess alice)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < 200; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            var answer = await alice.Client.SendAsync("carol", "now", waitFor: DeliveryState.Delivered);
            Assert.Equal(DeliveryState.Delivered, answer.State);
            times.Add(TimeProvider.System.GetElapsedTime(started));
        }
        times.Sort();
        return times[197];
    }
}
