using System.Globalization;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>A process that stands still (L1, L3): it gets everything when it goes on, and others don't feel it meanwhile.</summary>
[Collection(Alone.Name)]
public sealed class FrozenProcessTests
{
    private static readonly TimeSpan Tolerated = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestLatency = TimeSpan.FromSeconds(1);

    /// <summary>Bytes that wait for a recipient who reads nothing: more than the most credit that it may have given.</summary>
    private const int Unread = 5 * 1024 * 1024;

    private const int Length = 20_000;

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

    /// <summary>From the moment that bob stands still, over what fills up and what is not answered any more, until his link is given up: all that is measured
    /// meanwhile counts. What is usual is the least of several measurements, since what else the machine does can only add to it.</summary>
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
        var usual = TimeSpan.MaxValue;
        for (var round = 0; round < 4; round++)
            usual = Min(usual, FindPercentile99(await MeasureAsync(alice)));

        var load = new LoadGenerator(alice.Client, "bob", "t", tasks: 2) { Padding = new string('.', Length), Pause = TimeSpan.FromMilliseconds(20) };
        bob.Freeze();
        load.Start();
        var all = new List<TimeSpan>();
        while (await alice.Client.IsLinkedAsync("bob") || await CountUndeliveredAsync(alice) * Length < Unread)
        {
            var round = await MeasureAsync(alice);
            var slow = FindPercentile99(round);
            Assert.True(slow < LongestLatency, $"while bob stood still, carol's p99 was {slow.TotalMilliseconds:0} ms");
            all.AddRange(round);
        }

        bob.Thaw();
        await load.StopAsync();
        var stalled = FindPercentile99(all);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"p99 {usual.TotalMilliseconds:0} ms, while bob stood still {stalled.TotalMilliseconds:0} ms, of {all.Count}"));
        Assert.True(stalled - usual < Tolerated, $"while bob stood still, carol's p99 was {(stalled - usual).TotalMilliseconds:0} ms longer");
        await Eventually.HoldsAsync("bob has caught up", async () => await CountUndeliveredAsync(alice) == 0);
    }

    private static async Task<ulong> CountUndeliveredAsync(NodeProcess alice) => (await alice.Client.ListPeersAsync()).Single(peer => peer.Alias == "bob").Undelivered;

    /// <summary>The times until carol has a message, one after the other.</summary>
    private static async Task<List<TimeSpan>> MeasureAsync(NodeProcess alice)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < 200; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            var answer = await alice.Client.SendAsync("carol", "now", waitFor: DeliveryState.Delivered);
            Assert.Equal(DeliveryState.Delivered, answer.State);
            times.Add(TimeProvider.System.GetElapsedTime(started));
        }
        return times;
    }

    private static TimeSpan FindPercentile99(List<TimeSpan> times) => times.Order().ElementAt(times.Count * 99 / 100 - 1);

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
