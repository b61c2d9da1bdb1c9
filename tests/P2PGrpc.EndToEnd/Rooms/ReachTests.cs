using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Rooms;

/// <summary>L1, S2: members that can't all reach each other hold the same all the same, since whoever holds a log passes it on.</summary>
public sealed class ReachTests
{
    private readonly TestRoom room = new("friends");
    private readonly List<string> sent = [];

    /// <summary>Carol's router lets nobody in. She dials two members, and dave, who is behind a router of his own, dials one: what these two write to each
    /// other goes over others.</summary>
    [Fact]
    public async Task L1_Members_behind_routers_that_let_nobody_in_get_and_give_everything()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob, carol, dave) = (nodes.Add("alice"), nodes.Add("bob"), nodes.Add("carol"), nodes.Add("dave"));
        await using var network = await SplitNetwork.ConnectAsync(alice, bob);
        await network.PlugInBehindRouterAsync(carol);
        await network.PlugInBehindRouterAsync(dave);
        NodeProcess[] all = [alice, bob, carol, dave];
        await Task.WhenAll(all.Select(node => node.StartAsync()));
        await room.CreateAsync(alice);
        await room.JoinAsync(carol, alice);
        await room.JoinAsync(bob, alice, carol);
        await room.JoinAsync(carol, bob);
        await room.JoinAsync(dave, bob, carol);
        await SayAsync(all, "first");
        await room.HoldAllAsync(all, sent);

        await carol.KillAsync();
        await SayAsync([alice, bob, dave], "while carol is away");
        await carol.StartAsync();
        await bob.KillAsync();
        await SayAsync([alice, carol], "while bob is away");
        await bob.StartAsync();
        await SayAsync(all, "last");

        await room.HoldAllAsync(all, sent);
        Assert.False(await IsLinkedAsync(carol, dave));
        await Campaign.StopAndVerifyAsync(all);
    }

    [Fact]
    public async Task L1_Two_members_that_only_share_a_third_hold_the_same()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob, carol) = (nodes.Add("alice"), nodes.Add("bob"), nodes.Add("carol"));
        await using var network = await SplitNetwork.ConnectAsync(alice, bob, carol);
        await network.SplitAsync([alice], [bob]);
        NodeProcess[] all = [alice, bob, carol];
        await Task.WhenAll(all.Select(node => node.StartAsync()));
        await room.CreateAsync(alice);
        await room.JoinAsync(carol, alice);
        // Each of the two knows the other's address and dials it, in vain.
        await room.JoinAsync(bob, carol, alice);
        await room.JoinAsync(alice, bob);
        await SayAsync(all, "first");
        await room.HoldAllAsync(all, sent);

        await carol.KillAsync();
        await SayAsync([alice, bob], "while carol is away");
        Assert.DoesNotContain("alice while carol is away", (await room.ReadAsync(bob)).Texts);
        await carol.StartAsync();
        await SayAsync(all, "last");

        await room.HoldAllAsync(all, sent);
        Assert.False(await IsLinkedAsync(alice, bob));
        await Campaign.StopAndVerifyAsync(all);
    }

    private async Task SayAsync(IEnumerable<NodeProcess> members, string text)
    {
        foreach (var member in members)
        {
            sent.Add($"{member.Name} {text}");
            await room.SendAsync(member, sent[^1]);
        }
    }

    private async Task<bool> IsLinkedAsync(NodeProcess one, NodeProcess other)
    {
        var id = await other.Client.GetPeerIdAsync();
        return (await room.ListMembersAsync(one)).Single(member => member.PeerId == id).Linked;
    }
}
