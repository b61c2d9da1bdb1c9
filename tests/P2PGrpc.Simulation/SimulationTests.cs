using System.Globalization;
using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>Runs whole nodes' replication on virtual time. P2PGRPC_SIM_SEED runs one seed, P2PGRPC_SIM_SEEDS that many.</summary>
public sealed class SimulationTests
{
    private const int DefaultSeeds = 500;

    /// <summary>L1, S1, S2, S3, D1, D2 after crashes, partitions, broken links and full disks.</summary>
    [Fact]
    public void Nodes_converge_and_lose_nothing_whatever_fails()
    {
        if (ReadNumber("P2PGRPC_SIM_SEED") is { } only)
        {
            TestContext.Current.SendDiagnosticMessage($"{SimulationOptions.Draw(only)}");
            Run(only);
            return;
        }

        var failures = new List<string>();
        for (var seed = 0; seed < (ReadNumber("P2PGRPC_SIM_SEEDS") ?? DefaultSeeds) && failures.Count < 5; seed++)
        {
            try
            {
                Run(seed);
            }
            catch (Exception exception)
            {
                failures.Add($"{SimulationOptions.Draw(seed)}\nRerun with P2PGRPC_SIM_SEED={seed}\n{exception}");
            }
        }

        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(11)]
    [InlineData(42)]
    public void The_same_seed_gives_the_same_run(int seed) => Assert.Equal(Run(seed).Schedule.Trace, Run(seed).Schedule.Trace);

    [Fact]
    public void Different_seeds_give_different_runs() => Assert.NotEqual(Run(3).Schedule.Trace, Run(4).Schedule.Trace);

    private static SimulationRun Run(int seed)
    {
        var run = new SimulationRun(SimulationOptions.Draw(seed));
        run.Run();
        return run;
    }

    private static int? ReadNumber(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
