using System.Globalization;
using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>Runs whole nodes' replication on virtual time. P2PGRPC_SIM_SEED runs one seed and says what it draws; P2PGRPC_SIM_SEEDS runs that many, from
/// P2PGRPC_SIM_FROM on.</summary>
public sealed class SimulationTests
{
    private const int DefaultSeeds = 2000;

    /// <summary>Failures that are shown in full; the run ends there.</summary>
    private const int ShownFailures = 5;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(10);

    /// <summary>All promises at once, under everything that can go wrong.</summary>
    [Fact]
    public void Nodes_converge_and_lose_nothing_whatever_fails()
    {
        var one = ReadNumber("P2PGRPC_SIM_SEED");
        var from = one ?? ReadNumber("P2PGRPC_SIM_FROM") ?? 0;
        var count = one is null ? ReadNumber("P2PGRPC_SIM_SEEDS") ?? DefaultSeeds : 1;
        var campaign = new SeedCampaign(SimulationOptions.Draw, "make sim SEED=", from, count, ShownFailures, TestContext.Current.CancellationToken);
        if (one is { } seed)
            Say($"{SimulationOptions.Draw(seed)}");
        using (TimeProvider.System.CreateTimer(_ => Say($"{campaign}"), null, ProgressEvery, ProgressEvery))
            campaign.Run();
        Say($"{campaign}");
        Assert.True(campaign.Failures.Count == 0, string.Join("\n\n", campaign.Failures));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(11)]
    [InlineData(42)]
    public void The_same_seed_gives_the_same_run(int seed) => Assert.Equal(Trace(seed), Trace(seed));

    [Fact]
    public void Different_seeds_give_different_runs() => Assert.NotEqual(Trace(3), Trace(4));

    /// <summary>A campaign whose faults never strike would prove nothing.</summary>
    [Fact]
    public void Each_kind_of_fault_strikes_within_a_few_seeds()
    {
        var campaign = new SeedCampaign(SimulationOptions.Draw, "make sim SEED=", 0, 60, ShownFailures, TestContext.Current.CancellationToken);
        campaign.Run();
        Assert.All(Enum.GetValues<FaultKind>(), kind => Assert.InRange(campaign.FaultsOf(kind), 10, int.MaxValue));
    }

    private static ulong Trace(int seed) => SeedCampaign.RunSeed(SimulationOptions.Draw(seed)).Schedule.Trace;

    private static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private static int? ReadNumber(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
