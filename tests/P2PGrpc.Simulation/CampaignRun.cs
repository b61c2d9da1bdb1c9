using System.Globalization;
using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>Runs a campaign of the seeds that the environment chooses, and shows its progress: P2PGRPC_SIM_SEED is one seed, and what it draws is shown; another variable
/// says how many, from P2PGRPC_SIM_FROM on.</summary>
internal static class CampaignRun
{
    /// <summary>Failures that are shown in full; the run ends there.</summary>
    public const int ShownFailures = 5;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(10);

    /// <param name="draw">What a seed stands for.</param>
    /// <param name="command">Runs one seed again, its number behind it.</param>
    /// <param name="variable">The environment's variable for how many.</param>
    /// <param name="defaultSeeds">How many where it says nothing.</param>
    /// <returns>The campaign at its end, and whether it was of one seed only.</returns>
    public static (SeedCampaign Campaign, bool IsOne) Run(Func<int, SimulationOptions> draw, string command, string variable, int defaultSeeds)
    {
        var one = ReadNumber("P2PGRPC_SIM_SEED");
        var from = one ?? ReadNumber("P2PGRPC_SIM_FROM") ?? 0;
        var count = one is null ? ReadNumber(variable) ?? defaultSeeds : 1;
        var campaign = new SeedCampaign(draw, command, from, count, ShownFailures, TestContext.Current.CancellationToken);
        if (one is { } seed)
            Say($"{draw(seed)}");
        using (TimeProvider.System.CreateTimer(_ => Say($"{campaign}"), null, ProgressEvery, ProgressEvery))
            campaign.Run();
        return (campaign, one is not null);
    }

    public static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private static int? ReadNumber(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
