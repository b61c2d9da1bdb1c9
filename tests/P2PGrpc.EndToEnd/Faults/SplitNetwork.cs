using System.Globalization;
using System.Security.Cryptography;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>A network namespace for each node, all of them plugged into one switch, whose packet filter cuts groups of nodes from each other without a
/// sound. A node may stand behind a router, as at home: it dials out, and nobody dials it. Not for use by several threads.</summary>
internal sealed class SplitNetwork : IAsyncDisposable
{
    private const string Subnet = "10.97.0";

    private readonly string name = RandomNumberGenerator.GetHexString(6, lowercase: true);
    private readonly List<string> namespaces = [];
    private readonly Dictionary<NodeProcess, string> addresses = [];

    private SplitNetwork()
    {
    }

    private string Switch => $"p2pgrpc-{name}";

    /// <summary>Puts each of the nodes, which don't run yet, in a network of its own; skips the test where that is not allowed.</summary>
    public static async Task<SplitNetwork> ConnectAsync(params NodeProcess[] nodes)
    {
        var network = new SplitNetwork();
        Assert.SkipUnless(await TryAsync("ip", "netns", "add", network.Switch), "Network namespaces can't be made here: that needs root and iproute2.");
        network.namespaces.Add(network.Switch);
        try
        {
            Assert.SkipUnless(await TryAsync("nft", "list", "ruleset"), "nftables is missing: make setup installs it as root.");
            await RunAsync("ip", "-n", network.Switch, "link", "add", "bridge", "type", "bridge");
            await RunAsync("ip", "-n", network.Switch, "link", "set", "bridge", "up");
            await network.FilterAsync("add table bridge cut; add chain bridge cut passing { type filter hook forward priority 0; }");
            foreach (var node in nodes)
                await network.PlugInAsync(node);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives a node that does not run yet a network of its own.</summary>
    public async Task PlugInAsync(NodeProcess node)
    {
        var (place, address) = await AddPlaceAsync();
        addresses.Add(node, address);
        node.Host = address;
        node.Wrapper = ["ip", "netns", "exec", place];
    }

    /// <summary>Puts a node that does not run yet behind a router of its own, which gives the node's calls its own address and lets nothing in but answers.</summary>
    public async Task PlugInBehindRouterAsync(NodeProcess node)
    {
        var (router, address) = await AddPlaceAsync();
        var place = await AddNamespaceAsync();
        await RunAsync("ip", "link", "add", "p0", "netns", place, "type", "veth", "peer", "name", "p1", "netns", router);
        await SetUpAsync(router, "p1", "192.168.97.1");
        await SetUpAsync(place, "p0", "192.168.97.2");
        await RunAsync("ip", "-n", place, "route", "add", "default", "via", "192.168.97.1");
        await RunAsync("ip", "netns", "exec", router, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1");
        await RunAsync(
            "ip", "netns", "exec", router, "nft",
            "add table ip home; add chain ip home leaving { type nat hook postrouting priority 100; }; add rule ip home leaving oifname p0 masquerade; "
            + "add chain ip home passing { type filter hook forward priority 0; }; add rule ip home passing iifname p0 ct state established,related accept; "
            + "add rule ip home passing iifname p0 drop");
        addresses.Add(node, address);
        node.Host = "192.168.97.2";
        node.Wrapper = ["ip", "netns", "exec", place];
    }

    /// <summary>Drops what nodes of the first group send to those of the other one, until all is healed.</summary>
    public Task CutAsync(IEnumerable<NodeProcess> from, IEnumerable<NodeProcess> to) => FilterAsync(MakeCut(from, to));

    /// <summary>Cuts groups from each other, in both directions and all at once.</summary>
    public Task SplitAsync(params NodeProcess[][] groups) => FilterAsync(string.Join(
        "; ", groups.SelectMany(from => groups.Where(to => to != from).Select(to => MakeCut(from, to)))));

    public Task HealAsync() => FilterAsync("flush chain bridge cut passing");

    public async ValueTask DisposeAsync()
    {
        foreach (var made in namespaces)
            await TryAsync("ip", "netns", "del", made);
    }

    private string MakeCut(IEnumerable<NodeProcess> from, IEnumerable<NodeProcess> to) =>
        $"add rule bridge cut passing ip saddr {MakeSet(from)} ip daddr {MakeSet(to)} drop";

    private string MakeSet(IEnumerable<NodeProcess> nodes) => $"{{ {string.Join(", ", nodes.Select(node => addresses[node]))} }}";

    private Task FilterAsync(string rules) => RunAsync("ip", "netns", "exec", Switch, "nft", rules);

    private async Task<(string Namespace, string Address)> AddPlaceAsync()
    {
        var place = await AddNamespaceAsync();
        var number = namespaces.Count.ToString(CultureInfo.InvariantCulture);
        await RunAsync("ip", "link", "add", "p0", "netns", place, "type", "veth", "peer", "name", $"s{number}", "netns", Switch);
        await RunAsync("ip", "-n", Switch, "link", "set", $"s{number}", "master", "bridge", "up");
        await SetUpAsync(place, "p0", $"{Subnet}.{number}");
        return (place, $"{Subnet}.{number}");
    }

    private async Task<string> AddNamespaceAsync()
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{Switch}-{namespaces.Count}");
        await RunAsync("ip", "netns", "add", place);
        namespaces.Add(place);
        await RunAsync("ip", "-n", place, "link", "set", "lo", "up");
        return place;
    }

    private static async Task SetUpAsync(string place, string device, string address)
    {
        await RunAsync("ip", "-n", place, "address", "add", $"{address}/24", "dev", device);
        await RunAsync("ip", "-n", place, "link", "set", device, "up");
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
