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

    // The checkers themselves: each kind of damage is told from what is right.
    [Theory]
    [InlineData("a0:0 a0:1", "a0:0 a0:1", "a0:0 a0:1", true)]
    [InlineData("a0:0 a0:1", "a0:0", "a0:0 a0:1", true)]
    [InlineData("a0:0 a0:1", "a0:0", "a0:0", true)]
    [InlineData("a0:0 a0:1", "a0:0 a0:1", "a0:0", false)]
    [InlineData("a0:0", "a0:0", "a0:0 a0:1", false)]
    [InlineData("a0:0 a0:1", "a0:0 a0:1", "a0:1 a0:0", false)]
    [InlineData("a0:0", "a0:0", "a0:0 a0:0", false)]
    public void The_checkers_find_loss_surprise_disorder_and_doubles(string attempted, string accepted, string read, bool right) =>
        Assert.Equal(
            right, FindSetFaults(attempted.Split(' '), accepted.Split(' '), read.Split(' ')).Concat(FindOrderFaults(read.Split(' '))).Any() is false);

    private async Task CheckAsync(NodeProcess recipient, LoadGenerator load)
    {
        Assert.True(load.Accepted.Count > Cycles, $"only {load.Accepted.Count} messages were accepted: that tests nothing");
        IReadOnlyList<ReadMessage> read = [];
        await Eventually.HoldsAsync($"{recipient.Name} holds all {load.Accepted.Count} accepted messages", async () =>
        {
            read = (await recipient.Client.ReadAllAsync()).Messages;
            return !load.Accepted.Keys.Except(read.Select(message => message.Text), StringComparer.Ordinal).Any();
        }, TimeSpan.FromSeconds(30));
        output.WriteLine($"{recipient.Name}: {load.Attempted.Count} attempted, {load.Accepted.Count} accepted, {read.Count} read");

        Assert.Empty(FindSetFaults([.. load.Attempted.Keys], [.. load.Accepted.Keys], [.. read.Select(message => message.Text)]));
        foreach (var log in read.GroupBy(message => message.Log))
        {
            Assert.Empty(FindOrderFaults([.. log.Select(message => message.Text)]));
            Assert.Equal(Enumerable.Range(1, log.Count()).Select(i => (ulong)i), log.Select(message => message.Sequence));
        }
    }

    private static List<string> FindSetFaults(IReadOnlyCollection<string> attempted, IReadOnlyCollection<string> accepted, IReadOnlyList<string> read) =>
    [
        .. accepted.Except(read, StringComparer.Ordinal).Select(text => $"lost: {text}"),
        .. read.Except(attempted, StringComparer.Ordinal).Select(text => $"unexpected: {text}"),
        .. read.GroupBy(text => text).Where(same => same.Count() > 1).Select(same => $"read {same.Count()} times: {same.Key}"),
    ];

    // Each task sends its messages one after another, so their numbers must rise.
    private static List<string> FindOrderFaults(IReadOnlyList<string> read)
    {
        var faults = new List<string>();
        foreach (var task in read.Select(text => text.Split(':')).GroupBy(parts => parts[0], parts => int.Parse(parts[1], null)))
        {
            var last = -1;
            foreach (var number in task)
            {
                if (number < last) faults.Add($"out of order: {task.Key}:{number} after {last}");
                last = number;
            }
        }
        return faults;
    }
}
