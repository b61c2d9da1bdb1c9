using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>Runs whole nodes' replication on virtual time. P2PGRPC_SIM_SEED runs one seed and says what it draws; P2PGRPC_SIM_SEEDS runs that many, from
/// P2PGRPC_SIM_FROM on.</summary>
public sealed class SimulationTests
{
    private const int DefaultSeeds = 2000;

    private const string Command = "make sim SEED=";

    /// <summary>All promises at once, under everything that can go wrong.</summary>
    [Fact]
    public void Nodes_converge_and_lose_nothing_whatever_fails()
    {
        var (campaign, _) = CampaignRun.Run(SimulationOptions.Draw, Command, "P2PGRPC_SIM_SEEDS", DefaultSeeds);
        CampaignRun.Say($"{campaign}");
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
        var campaign = new SeedCampaign(SimulationOptions.Draw, Command, 0, 60, CampaignRun.ShownFailures, TestContext.Current.CancellationToken);
        campaign.Run();
        Assert.All(Enum.GetValues<FaultKind>(), kind => Assert.InRange(campaign.FaultsOf(kind), 10, int.MaxValue));
    }

    private static ulong Trace(int seed) => SeedCampaign.RunSeed(SimulationOptions.Draw(seed)).Schedule.Trace;
}
