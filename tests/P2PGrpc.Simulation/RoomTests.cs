using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>Rooms of up to a thousand members on virtual time. P2PGRPC_SIM_ROOMS runs that many seeds, from P2PGRPC_SIM_FROM on; P2PGRPC_SIM_SEED one.</summary>
public sealed class RoomTests
{
    private const int DefaultSeeds = 200;

    /// <summary>What the rules keep at one member of a calm room with a partial view takes at most, in bytes, whether it has a hundred members or a thousand.</summary>
    private const long MostBytesOfMember = 512 * 1024;

    /// <summary>L1, S2, S4, S5, V1: every honest member holds what every honest member wrote, in each shape of network, whoever forks or floods; a fork is frozen at all of
    /// them, a flood held to its quotas; and a body travels once to each, not once over each link.</summary>
    [Fact]
    public void Members_of_rooms_converge_and_bodies_travel_about_once_to_each()
    {
        var (campaign, isOne) = CampaignRun.Run(RoomDraw.Draw, "make sim ROOMS=1 SEED=", "P2PGRPC_SIM_ROOMS", DefaultSeeds);
        CampaignRun.Say($"{campaign}; transmissions {campaign.Transmissions.Calm:0.000} without faults, {campaign.Transmissions.Troubled:0.000} with; {campaign.Frozen} logs "
            + $"frozen, {campaign.Hostile.Sent} segments of hostile members sent and {campaign.Hostile.Taken} taken, {campaign.MostKept} things kept at most, {campaign.MostBytes} bytes; {campaign.Tells.All} tells in {campaign.Tells.Moments} moments of links, {campaign.Tells.Most} in one of them at most");
        CampaignRun.Say($"Most often: without faults {campaign.DescribeWorst(isTroubled: false)}; with {campaign.DescribeWorst(isTroubled: true)}");
        Assert.True(campaign.Failures.Count == 0, string.Join("\n\n", campaign.Failures));
        if (isOne)
            return;
        Assert.InRange((double)campaign.Tells.All / campaign.Tells.Moments, 1, 2);
        Assert.InRange(campaign.Frozen, 1, int.MaxValue);
        Assert.InRange(campaign.Hostile.Taken, 1, long.MaxValue);
        Assert.InRange(campaign.Transmissions.Calm, 1, 1.1);
        Assert.InRange(campaign.Transmissions.Troubled, 1, 2);
    }

    /// <summary>Seeds that failed once: 836 by the model of a member that forks, 1598 by a log that a full disk had turned away from a member, and that
    /// it asked nobody for again because all others had frozen it.</summary>
    [Theory]
    [InlineData(836)]
    [InlineData(1598)]
    public void Seeds_that_once_failed_hold(int seed) => SeedCampaign.RunSeed(RoomDraw.Draw(seed));

    [Theory]
    [InlineData(1000, "PartialView")]
    [InlineData(1000, "Star")]
    [InlineData(100, "PartialView")]
    [InlineData(100, "Star")]
    [InlineData(100, "Mesh")]
    [InlineData(30, "Mesh")]
    public void A_large_calm_room_delivers_over_few_nodes_and_each_body_once_to_each_member(int nodes, string topology)
    {
        var run = SeedCampaign.RunSeed(RoomDraw.Create(1, nodes, Enum.Parse<Topology>(topology), new Random(nodes), hasFaults: false).WithoutScarcity()
            with
        { Messages = topology == "Mesh" ? 10 : 40 });
        CampaignRun.Say($"{nodes} {topology}: {run.Counts.SegmentsSent} sent, {run.Counts.SegmentsNeeded} needed, {run.Counts.MostHops} hops at most, {run.Counts.Tells} tells "
            + $"in {run.Counts.TellMoments} moments of links, {run.Counts.MostTells} in one of them; {run.Counts.MostKept} things kept at most, {run.Counts.MostBytes} bytes");
        Assert.InRange((double)run.Counts.SegmentsSent / run.Counts.SegmentsNeeded, 1, 1.1);
        Assert.InRange(run.Counts.MostHops, 1, (int)Math.Log2(nodes) + 3);

        // V1: by the logs there are and the neighbours of a member, not by the members.
        if (topology == "PartialView")
        {
            Assert.InRange(run.Counts.MostKept, 1, (int)run.LogsBegun * (4 * Graph.ViewSize + 4));
            Assert.InRange(run.Counts.MostBytes, 1, MostBytesOfMember);
        }

        // A tell for what moved in the last 50 ms, and beside it the acknowledgements and first words of logs that can't wait.
        Assert.InRange((double)run.Counts.Tells / run.Counts.TellMoments, 1, 1.5);
    }

    /// <summary>L1 with a thousand members, of whom many come late, all change neighbours all the time, and each connection breaks with 5 % of likelihood in each second.</summary>
    [Fact]
    public void A_thousand_members_converge_though_neighbours_change_and_connections_break()
    {
        var options = RoomDraw.Create(2, 1000, Topology.PartialView, new Random(1000), hasFaults: false);
        var run = SeedCampaign.RunSeed(options with { Messages = 30, SendEvery = TimeSpan.FromMilliseconds(150), Late = 200, RewireEvery = TimeSpan.FromMilliseconds(20), Loss = 0.05 });
        CampaignRun.Say($"{run.Counts.SegmentsSent} sent, {run.Counts.SegmentsNeeded} needed, {run.Counts.MostHops} hops at most");
        Assert.InRange((double)run.Counts.SegmentsSent / run.Counts.SegmentsNeeded, 1, 2);
    }

    /// <summary>In a ring each message goes over half of all members: that takes its time, and costs no more.</summary>
    [Fact]
    public void A_ring_of_a_thousand_members_converges_and_bodies_travel_once()
    {
        var options = RoomDraw.Create(3, 1000, Topology.Ring, new Random(1000), hasFaults: false).WithoutScarcity();
        var run = SeedCampaign.RunSeed(options with { Messages = 8 });
        Assert.InRange((double)run.Counts.SegmentsSent / run.Counts.SegmentsNeeded, 1, 1.1);
        Assert.InRange(run.Counts.MostHops, 400, 600);
    }
}
