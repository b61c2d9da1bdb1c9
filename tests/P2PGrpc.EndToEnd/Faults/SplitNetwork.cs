using System.Security.Cryptography;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>Two network namespaces with a cable between them, one node in each, and a packet filter that cuts the cable without a sound.</summary>
internal sealed class SplitNetwork : IAsyncDisposable
{
    private readonly string name = RandomNumberGenerator.GetHexString(6, lowercase: true);

    private string Left => $"p2pgrpc-l{name}";

    private string Right => $"p2pgrpc-r{name}";

    /// <summary>Puts each of the two nodes, which don't run yet, in a network of its own; skips the test where that is not allowed.</summary>
    public static async Task<SplitNetwork> ConnectAsync(NodeProcess left, NodeProcess right)
    {
        var network = new SplitNetwork();
        Assert.SkipUnless(await TryAsync("ip", "netns", "add", network.Left), "Network namespaces can't be made here: that needs root and iproute2.");
        Assert.SkipUnless(await TryAsync("nft", "list", "ruleset"), "nftables is missing: make setup installs it as root.");
        await RunAsync("ip", "netns", "add", network.Right);
        await RunAsync("ip", "link", "add", "p0", "netns", network.Left, "type", "veth", "peer", "name", "p0", "netns", network.Right);
        await PlugInAsync(left, network.Left, "10.97.0.1");
        await PlugInAsync(right, network.Right, "10.97.0.2");
        return network;
    }

    /// <summary>Drops what comes to the left side, to the right side, or both.</summary>
    public async Task CutAsync(bool toLeft, bool toRight)
    {
        foreach (var side in new[] { toLeft ? Left : "", toRight ? Right : "" }.Where(side => side.Length > 0))
        {
            await RunAsync("ip", "netns", "exec", side, "nft",
                "add table inet cut; add chain inet cut arriving { type filter hook input priority 0; }; add rule inet cut arriving iifname p0 drop");
        }
    }

    public async Task HealAsync()
    {
        foreach (var side in new[] { Left, Right }) await RunAsync("ip", "netns", "exec", side, "nft", "flush ruleset");
    }

    public async ValueTask DisposeAsync()
    {
        await TryAsync("ip", "netns", "del", Left);
        await TryAsync("ip", "netns", "del", Right);
    }

    private static async Task PlugInAsync(NodeProcess node, string side, string address)
    {
        await RunAsync("ip", "-n", side, "address", "add", $"{address}/24", "dev", "p0");
        await RunAsync("ip", "-n", side, "link", "set", "p0", "up");
        await RunAsync("ip", "-n", side, "link", "set", "lo", "up");
        node.Host = address;
        node.Wrapper = ["ip", "netns", "exec", side];
    }

    private static async Task RunAsync(params string[] command)
    {
        var result = await Command.RunAsync(command[0], command[1..]);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', command)}: {result}");
    }

    private static async Task<bool> TryAsync(params string[] command)
    {
        try
        {
            return (await Command.RunAsync(command[0], command[1..])).ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
