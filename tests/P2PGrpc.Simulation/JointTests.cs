using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>The overlay and replication together: messages go over the links that the views of a room's members made, while the room grows.</summary>
public sealed class JointTests
{
    /// <summary>L1, and the cost and hops of a room: over what the overlay made and holds stable, each body travels once to each member, over few members.</summary>
    [Theory]
    [InlineData(40)]
    [InlineData(100)]
    [InlineData(200)]
    public void Over_the_links_of_a_settled_overlay_bodies_travel_once_and_over_few_members(int members)
    {
        var overlay = Grow(members, within: 60, _ => { });
        overlay.RunUntil(overlay.IsConnected, 120, "all are connected");
        overlay.Run(240);
        var run = SeedCampaign.RunSeed(Draw(members, [overlay.Edges()]).WithoutScarcity() with { Messages = 30 });
        CampaignRun.Say($"{members}: {run.Counts.SegmentsSent} sent, {run.Counts.SegmentsNeeded} needed, {run.Counts.MostHops} hops at most");
        Assert.InRange((double)run.Counts.SegmentsSent / run.Counts.SegmentsNeeded, 1, 1.1);
        Assert.InRange(run.Counts.MostHops, 1, (int)Math.Log2(members) + 3);
    }

    /// <summary>L1: the room grows from two to its full number while its members write, and their views let go of links and make others all the time.</summary>
    [Theory]
    [InlineData(45)]
    [InlineData(80)]
    public void While_a_room_grows_all_members_converge_and_bodies_travel_less_than_twice(int members)
    {
        var graphs = new List<IReadOnlyList<(int, int)>>();
        var overlay = Grow(members, within: 120, overlay =>
        {
            if (overlay.Now % 10 == 0)
                graphs.Add(overlay.Edges());
        });
        overlay.RunUntil(overlay.IsConnected, 120, "all are connected");
        for (var round = 0; round < 10; round++)
        {
            overlay.Run(20);
            graphs.Add(overlay.Edges());
        }

        var run = SeedCampaign.RunSeed(Draw(members, graphs) with { Messages = 100, SendEvery = TimeSpan.FromMilliseconds(200) });
        CampaignRun.Say($"{members} over {graphs.Count} graphs: {run.Counts.SegmentsSent} sent, {run.Counts.SegmentsNeeded} needed, {run.Counts.MostHops} hops at most");
        Assert.InRange((double)run.Counts.SegmentsSent / run.Counts.SegmentsNeeded, 1, 2);
    }

    private static SimulationOptions Draw(int members, IReadOnlyList<IReadOnlyList<(int, int)>> graphs) =>
        RoomDraw.Create(1, members, Topology.PartialView, new Random(members), hasFaults: false) with { Graphs = graphs };

    private static OverlayRun Grow(int members, int within, Action<OverlayRun> look)
    {
        var overlay = new OverlayRun(members);
        overlay.Join(null);
        for (var second = 1; overlay.Nodes.Count < members; second++)
        {
            while (overlay.Nodes.Count < members && overlay.Nodes.Count <= members * second / within)
                overlay.Join(ticketOf: 0);
            overlay.Run(1);
            look(overlay);
        }

        return overlay;
    }
}
