namespace P2PGrpc.EndToEnd.Harness;

/// <summary>The nodes of one test and their throw-away data. Ends all of them at the end. P2PGRPC_KEEP=1 keeps the data, lets nodes say all that they can,
/// and writes down what they said, for who looks into a failure.</summary>
internal sealed class Neighbourhood : IAsyncDisposable
{
    private static readonly bool Keeps = Environment.GetEnvironmentVariable("P2PGRPC_KEEP") is "1";

    private readonly List<NodeProcess> nodes = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("p2pgrpc-test-").FullName;

    /// <summary>Makes a node without starting it.</summary>
    public NodeProcess Add(string name)
    {
        var node = new NodeProcess(name, Path.Combine(Folder, name));
        if (Keeps)
            node.Options.Add("--verbose");
        nodes.Add(node);
        return node;
    }

    /// <summary>Two nodes that list each other by address alone, started and linked.</summary>
    public async Task<(NodeProcess Alice, NodeProcess Bob)> StartPairAsync()
    {
        var (alice, bob) = AddPair();
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await LinkedAsync(alice, bob);
        return (alice, bob);
    }

    /// <summary>Two nodes that list each other by address alone, not started.</summary>
    public (NodeProcess Alice, NodeProcess Bob) AddPair()
    {
        var (alice, bob) = (Add("alice"), Add("bob"));
        alice.Peers.Add($"bob={bob.ListenAddress}");
        bob.Peers.Add($"alice={alice.ListenAddress}");
        return (alice, bob);
    }

    /// <summary>Waits until each of the two shows a link to the other.</summary>
    public static async Task LinkedAsync(NodeProcess first, NodeProcess second) => await Eventually.HoldsAsync(
        $"{first.Name} and {second.Name} are linked",
        async () => await first.Client.IsLinkedAsync(second.Name) && await second.Client.IsLinkedAsync(first.Name));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes) await node.DisposeAsync();
        if (!Keeps)
        {
            Directory.Delete(Folder, recursive: true);
            return;
        }

        foreach (var node in nodes) await File.WriteAllTextAsync(Path.Combine(Folder, $"{node.Name}.log"), node.Output);
        await Console.Error.WriteLineAsync($"data and logs are kept in {Folder}");
    }
}
