using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>A full disk (D5): Send answers RESOURCE_EXHAUSTED, reading goes on, and writing goes on within 5 s of space returning, at the sender
/// and at the recipient, whose link stays.</summary>
public sealed class DiskFullTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);
    private static readonly string Long = new('x', 60_000);

    [Fact]
    public async Task A_sender_without_space_says_so_reads_on_and_writes_again_with_space()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        await using var disk = await SmallDisk.MountAsync(alice);
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        await alice.Client.SendAsync("bob", "m:0", waitFor: DeliveryState.Delivered);

        disk.Fill();
        var accepted = await SendUntilFullAsync(alice);
        var own = await alice.Client.ReadAllAsync(includeOwn: true);
        Assert.Equal(accepted + 1, own.Messages.Count);
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("bob", Long))).StatusCode);

        disk.Free();
        await Eventually.HoldsAsync("alice writes again", async () =>
            (await alice.Client.SendAsync("bob", "last", messageId: "last")).State == DeliveryState.Accepted, Promised);
        await Eventually.HoldsAsync("bob has all", async () => (await bob.Client.ReadAllAsync()).Messages.Count == accepted + 2);
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    [Fact]
    public async Task A_node_starts_on_a_full_disk_serves_what_it_holds_and_writes_with_space()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        await using var disk = await SmallDisk.MountAsync(alice);
        await alice.StartAsync();
        await alice.Client.SendAsync("self", "before");
        disk.Fill();
        await SendUntilFullAsync(alice, "self");
        var held = (await alice.Client.ReadAllAsync(includeOwn: true)).Messages.Count;
        await alice.StopAsync();
        disk.Fill();

        await alice.StartAsync();

        Assert.Equal(held, (await alice.Client.ReadAllAsync(includeOwn: true)).Messages.Count);
        Assert.Equal(held, (await alice.Client.ReadAllAsync(includeOwn: true, consumer: "reader")).Messages.Count);
        await SendUntilFullAsync(alice, "self");
        disk.Free();
        await Eventually.HoldsAsync("alice writes again", async () =>
            (await alice.Client.SendAsync("self", "last", messageId: "last")).Reference.Length > 0, Promised);
        await Campaign.StopAndVerifyAsync(alice);
    }

    [Fact]
    public async Task A_recipient_without_space_keeps_its_link_and_goes_on_with_space()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        await using var disk = await SmallDisk.MountAsync(bob);
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);

        disk.Fill();
        for (var i = 0; i < 10; i++) await alice.Client.SendAsync("bob", $"{i}{Long}");
        await Eventually.HoldsAsync("bob says that its disk is full", async () =>
            (await bob.Client.Node.GetNodeAsync(new GetNodeRequest())).StoreError.Contains("full", StringComparison.Ordinal));
        Assert.True(await alice.Client.IsLinkedAsync("bob"));
        var links = alice.Client.Node.WatchEvents(new WatchEventsRequest(), deadline: NodeClient.In(Eventually.Generous));
        await links.ResponseHeadersAsync;

        disk.Free();
        await Eventually.HoldsAsync("bob has all", async () => (await bob.Client.ReadAllAsync()).Messages.Count == 10, Promised);

        Assert.True(await alice.Client.IsLinkedAsync("bob"));
        await Eventually.HoldsAsync("bob writes", async () => (await bob.Client.Node.GetNodeAsync(new GetNodeRequest())).StoreError.Length == 0);
        links.Dispose();
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    private static async Task<int> SendUntilFullAsync(NodeProcess node, string to = "bob")
    {
        for (var accepted = 0; accepted < 500; accepted++)
        {
            try
            {
                await node.Client.SendAsync(to, $"{accepted}{Long}");
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted)
            {
                return accepted;
            }
        }
        throw new InvalidOperationException("The disk does not get full.");
    }
}
