using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using P2PGrpc.Node.Discovery;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Discovery;

/// <summary>Nodes that find each other by multicast, on this machine's loopback.</summary>
public sealed class LanDiscoveryTests
{
    [Fact]
    public async Task Nodes_that_know_each_other_by_id_alone_meet_and_strangers_are_shown_and_not_let_in()
    {
        // A group of the test's own: other runs on this machine must not be heard.
        var discover = string.Create(
            CultureInfo.InvariantCulture,
            $"lan=239.255.{RandomNumberGenerator.GetInt32(1, 255)}.{RandomNumberGenerator.GetInt32(1, 255)}:{RandomNumberGenerator.GetInt32(20_000, 30_000)}");
        await using var alice = await RunningNode.StartDiscoveringAsync("alice", discover);
        var seen = alice.WaitForEventAsync(happened => happened.Notice?.Reason == "SEEN_ON_LAN");
        await using var bob = await RunningNode.StartDiscoveringAsync("bob", discover);
        Assert.Equal(bob.Id, (await seen).Notice.PeerId);
        Assert.Equal(Admission.Seen, alice.Find(bob.Id)!.Admission);
        Assert.Contains($"p2pgrpc peers add {bob.Id}@127.0.0.1:{bob.Port}", alice.Find(bob.Id)!.LastError, StringComparison.Ordinal);
        Assert.Equal(0, alice.Runtime.Links.Count);

        await alice.AddAsync($"bob={bob.Id}");
        await bob.AddAsync($"alice={alice.Id}");
        await alice.WaitForLinkAsync("bob");
        await alice.SendAsync("bob", "hello");
        Assert.Equal("hello", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);
        Assert.Empty(alice.Find("bob")!.Addresses);
    }

    [Theory]
    [InlineData("lan", "239.255.80.71:5554")]
    [InlineData("lan=239.1.2.3:99", "239.1.2.3:99")]
    [InlineData("off", null)]
    [InlineData("", null)]
    public void Discovery_is_named_by_one_word(string text, string? group)
    {
        var parsed = LanGroup.Parse(text, out var fault);
        Assert.Equal("", fault);
        Assert.Equal(group, parsed is null ? null : $"{parsed.Address}:{parsed.Port}");
    }

    [Theory]
    [InlineData("wan")]
    [InlineData("lan=")]
    [InlineData("lan=239.1.2.3")]
    [InlineData("lan=192.0.2.1:99")]
    [InlineData("lan=[ff02::1]:99")]
    [InlineData("lan=239.1.2.3:0")]
    public void What_is_no_discovery_is_refused(string text)
    {
        Assert.Null(LanGroup.Parse(text, out var fault));
        Assert.NotEmpty(fault);
    }

    /// <summary>A4: a made-up source leads nowhere but into the network itself.</summary>
    [Theory]
    [InlineData("192.0.2.9", true)]
    [InlineData("192.0.3.9", false)]
    [InlineData("127.0.0.1", false)]
    public void A4_A_source_is_near_or_nothing(string source, bool isNear) =>
        Assert.Equal(isNear, new LocalNetwork(IPAddress.Parse("192.0.2.2"), IPAddress.Parse("255.255.255.0")).Contains(IPAddress.Parse(source)));

    [Fact]
    public void A_node_that_listens_for_this_machine_alone_announces_itself_to_nobody_else() =>
        Assert.Equal([IPAddress.Loopback], LocalNetwork.Find(IPAddress.Loopback).Select(network => network.Address));
}
