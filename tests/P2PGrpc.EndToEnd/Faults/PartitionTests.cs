using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>A cable that is cut without a sound, in both directions or in one (L1, L2): after its healing the link resumes within 5 s, and all that was
/// accepted arrives once and in order.</summary>
public sealed class PartitionTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Resumption = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(true, true, 4)]
    [InlineData(true, true, 13)]
    [InlineData(true, false, 9)]
    [InlineData(false, true, 7)]
    public async Task A_link_resumes_within_five_seconds_after_a_partition(bool toSender, bool toRecipient, int seconds)
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = (nodes.Add("alice"), nodes.Add("bob"));
        await using var network = await SplitNetwork.ConnectAsync(alice, bob);
        alice.Peers.Add($"bob={bob.ListenAddress}");
        bob.Peers.Add($"alice={alice.ListenAddress}");
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        var load = new LoadGenerator(alice.Client, "bob", "a", tasks: 2) { Pause = TimeSpan.FromMilliseconds(20) };
        load.Start();
        await Eventually.HoldsAsync("messages arrive", async () => (await bob.Client.ReadAllAsync()).Messages.Count > 5);

        if (toSender)
            await network.CutAsync([bob], [alice]);
        if (toRecipient)
            await network.CutAsync([alice], [bob]);
        await Eventually.PauseAsync(seconds * (LongForm.On ? 4 : 1) * 1000);
        await network.HealAsync();
        var healed = TimeProvider.System.GetTimestamp();
        var answer = await alice.Client.SendAsync("bob", "z:0", waitFor: DeliveryState.Delivered, limit: TimeSpan.FromSeconds(20));
        var took = TimeProvider.System.GetElapsedTime(healed);
        output.WriteLine($"resumed after {took.TotalSeconds:0.0} s");
        await load.StopAsync();

        Assert.Equal(DeliveryState.Delivered, answer.State);
        Assert.True(took < Resumption, $"the link resumed {took} after its healing");
        load.Attempted["z:0"] = load.Accepted["z:0"] = true;
        await Campaign.CheckAsync(bob, load);
        await Campaign.StopAndVerifyAsync(alice, bob);
    }
}
