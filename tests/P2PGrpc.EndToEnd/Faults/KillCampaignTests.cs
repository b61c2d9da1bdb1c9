using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>
/// kill -9 at random moments under load, of the sender, the recipient, or both (D1, D3, S1, S2, S3, S5). The checkers are K1 (nothing lost,
/// nothing unexpected), K3 (order, no duplicates), and K2 on the databases of both. P2PGRPC_KILL_SEED repeats a schedule, as far as processes
/// can be repeated; P2PGRPC_KILL_CYCLES makes it longer, and so many pairs of nodes as there are cores then share the cycles.
/// </summary>
public sealed class KillCampaignTests(ITestOutputHelper output)
{
    private const int UsualCycles = 20;

    [Fact]
    public async Task Nothing_accepted_is_lost_doubled_or_put_out_of_order_by_kill_9()
    {
        var seed = Read("P2PGRPC_KILL_SEED", Environment.ProcessId);
        var cycles = Read("P2PGRPC_KILL_CYCLES", UsualCycles);
        var pairs = cycles > UsualCycles ? Environment.ProcessorCount : 1;
        output.WriteLine($"P2PGRPC_KILL_SEED={seed} P2PGRPC_KILL_CYCLES={cycles}");
        var done = 0;
        var sums = await Task.WhenAll(Enumerable.Range(0, pairs).Select(pair =>
            RunPairAsync(new Random(seed + pair), (cycles + pair) / pairs, pauses: pairs > 1, () => Report(Interlocked.Increment(ref done), cycles))));

        var sum = sums.Aggregate((one, other) => one + other);
        output.WriteLine($"cycles {done}, pairs {pairs}, attempted {sum.Attempted}, accepted {sum.Accepted}, read {sum.Read}, lost 0, unexpected 0, doubles 0");
        Assert.Equal(cycles, done);
    }

    private static async Task<CampaignSum> RunPairAsync(Random random, int cycles, bool pauses, Action cycleDone)
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var pause = pauses ? TimeSpan.FromMilliseconds(50) : TimeSpan.Zero;
        var toBob = new LoadGenerator(alice.Client, "bob", "a", tasks: 4) { Pause = pause };
        var toAlice = new LoadGenerator(bob.Client, "alice", "b", tasks: 2) { Pause = pause };
        toBob.Start();
        toAlice.Start();

        for (var cycle = 0; cycle < cycles; cycle++)
        {
            await Eventually.PauseAsync(random.Next(50, 700));
            NodeProcess[] victims = random.Next(3) switch { 0 => [alice], 1 => [bob], _ => [alice, bob] };
            await Task.WhenAll(victims.Select(victim => victim.KillAsync()));
            await Eventually.PauseAsync(random.Next(0, 200));
            await Task.WhenAll(victims.Select(victim => victim.StartAsync()));
            cycleDone();
        }
        await Task.WhenAll(toBob.StopAsync(), toAlice.StopAsync());

        Assert.True(toBob.Accepted.Count > cycles && toAlice.Accepted.Count > cycles, "Few messages were accepted: that tests nothing.");
        var read = await Campaign.CheckAsync(bob, toBob) + await Campaign.CheckAsync(alice, toAlice);
        await Campaign.StopAndVerifyAsync(alice, bob);
        return read;
    }

    private static void Report(int done, int cycles)
    {
        if (cycles > UsualCycles && done % 50 == 0) TestContext.Current.TestOutputHelper?.WriteLine($"cycle {done} of {cycles}");
    }

    private static int Read(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, null) : otherwise;
}
