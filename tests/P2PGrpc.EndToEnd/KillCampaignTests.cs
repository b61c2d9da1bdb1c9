using P2PGrpc.Checkers;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>
/// kill -9 at random moments under load, of the sender, the recipient, or both (D1, D3, S2, S5). The checkers are K1 (nothing lost,
/// nothing unexpected) and K3 (order, no duplicates). P2PGRPC_KILL_SEED repeats a schedule, as far as processes can be repeated.
/// </summary>
public sealed class KillCampaignTests(ITestOutputHelper output)
{
    private const int Cycles = 20;

    [Fact]
    public async Task Nothing_accepted_is_lost_doubled_or_put_out_of_order_by_kill_9()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("P2PGRPC_KILL_SEED") ?? $"{Environment.ProcessId}", null);
        output.WriteLine($"P2PGRPC_KILL_SEED={seed}");
        var random = new Random(seed);
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var toBob = new LoadGenerator(alice.Client, "bob", "a", tasks: 4);
        var toAlice = new LoadGenerator(bob.Client, "alice", "b", tasks: 2);
        toBob.Start();
        toAlice.Start();

        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            await Eventually.PauseAsync(random.Next(50, 700));
            NodeProcess[] victims = random.Next(3) switch { 0 => [alice], 1 => [bob], _ => [alice, bob] };
            await Task.WhenAll(victims.Select(victim => victim.KillAsync()));
            await Eventually.PauseAsync(random.Next(0, 200));
            await Task.WhenAll(victims.Select(victim => victim.StartAsync()));
        }
        await Task.WhenAll(toBob.StopAsync(), toAlice.StopAsync());

        await CheckAsync(bob, toBob);
        await CheckAsync(alice, toAlice);
    }

    private async Task CheckAsync(NodeProcess recipient, LoadGenerator load)
    {
        Assert.True(load.Accepted.Count > Cycles, $"only {load.Accepted.Count} messages were accepted: that tests nothing");
        List<ReadMessage> read = [];
        await Eventually.HoldsAsync($"{recipient.Name} holds all {load.Accepted.Count} accepted messages", async () =>
        {
            read = (await recipient.Client.ReadAllAsync()).Messages;
            return !load.Accepted.Keys.Except(read.Select(message => message.Text), StringComparer.Ordinal).Any();
        }, TimeSpan.FromSeconds(30));
        output.WriteLine($"{recipient.Name}: {load.Attempted.Count} attempted, {load.Accepted.Count} accepted, {read.Count} read");

        Assert.Empty(SetChecker.Find(load.Attempted.Keys, load.Accepted.Keys, read.Select(message => message.Text)));
        Assert.Empty(OrderChecker.Find(read.Select(message => OrderChecker.Parse(message.Text))));
        foreach (var log in read.GroupBy(message => message.Log))
            Assert.Equal(Enumerable.Range(1, log.Count()).Select(i => (ulong)i), log.Select(message => message.Sequence));
    }
}
