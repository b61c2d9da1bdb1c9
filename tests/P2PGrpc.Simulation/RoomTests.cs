using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>Rooms of up to a thousand members on virtual time. P2PGRPC_SIM_ROOMS runs that many seeds, from P2PGRPC_SIM_FROM on; P2PGRPC_SIM_SEED one.</summary>
public sealed class RoomTests
{
    private const int DefaultSeeds = 200;

    /// <summary>L1, S2, S4, S5, V1: every honest member holds what every honest member wrote, in each shape of network, whoever forks or floods; a fork is frozen at all of
    /// them, a flood held to its quotas; and a body travels once to each, not once over each link.</summary>
    [Fact]
    public void Members_of_rooms_converge_and_bodies_travel_about_once_to_each()
    {
        var (campaign, isOne) = CampaignRun.Run(RoomDraw.Draw, "make sim ROOMS=1 SEED=", "P2PGRPC_SIM_ROOMS", DefaultSeeds);
        CampaignRun.Say($"{campaign}; transmissions {campaign.Transmissions.Calm:0.000} without faults, {campaign.Transmissions.Troubled:0.000} with; {campaign.Frozen} logs "
            + $"frozen, {campaign.Hostile.Sent} segments of hostile members sent and {campaign.Hostile.Taken} taken, {campaign.MostKept} things kept at most");
        Assert.True(campaign.Failures.Count == 0, string.Join("\n\n", campaign.Failures));
        if (isOne)
            return;
        Assert.InRange(campaign.Frozen, 1, int.MaxValue);
        Assert.InRange(campaign.Hostile.Taken, 1, long.MaxValue);
        Assert.InRange(campaign.Transmissions.Calm, 1, 1.1);
        Assert.InRange(campaign.Transmissions.Troubled, 1, 2);
    }

    [Theory]
    [InlineData(1000, "PartialView")]
    [InlineData(100, "PartialView")]
    [InlineData(100, "Star")]
    [InlineData(30, "Mesh")]
    public void A_large_calm_room_delivers_over_few_nodes_and_each_body_once_to_each_member(int nodes, string topology)
    {
        var run = SeedCampaign.RunSeed(RoomDraw.Create(1, nodes, Enum.Parse<Topology>(topology), new Random(nodes), hasFaults: false) with { Messages = 40 });
        CampaignRun.Say($"{nodes} {topology}: {run.Counts.SegmentsSent} sent, {run.Counts.SegmentsNeeded} needed, {run.Counts.MostHops} hops at most");
        Assert.InRange((double)run.Counts.SegmentsSent / run.Counts.SegmentsNeeded, 1, 1.1);
        Assert.InRange(run.Counts.MostHops, 1, (int)Math.Log2(nodes) + 3);
    }
}
