using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Hosting;

namespace P2PGrpc.Testing;

/// <summary>
/// Whole nodes in this process, which know each other, for tests: TLS, replication and stores are the real ones; the network between them is in memory, and their clock
/// stands still but for what moves it: <see cref="AdvanceAsync"/>, the waits of this class, or <see cref="Time"/> itself. Each has a directory of its own, which is
/// deleted when the mesh is disposed. Thread-safe.
/// </summary>
public sealed class TestMesh : IAsyncDisposable
{
    /// <summary>Nodes of one mesh: beyond it a process of two cores does little but TLS.</summary>
    private const int MostNodes = 50;

    private static readonly string[] UsualNames = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"];

    private readonly MeshNetwork network = new();
    private readonly MeshTime passing;
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("p2pgrpc-");
    private readonly ServiceProvider metrics = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly TestNode[] nodes;
    private bool disposed;

    private TestMesh(int count, TestMeshOptions options)
    {
        Options = options;
        Loggers = options.Loggers ?? NullLoggerFactory.Instance;
        Time = new FakeTimeProvider(options.Start);
        nodes = [.. Enumerable.Range(0, count).Select(CreateNode)];
        passing = new MeshTime(Time, network, nodes, options.Patience);
    }

    /// <summary>The clock of all nodes. A jump of more than eight seconds is to them as if their machine had been suspended: they take their links for dead, and dial
    /// anew; <see cref="AdvanceAsync"/> lets them live through the time instead.</summary>
    public FakeTimeProvider Time { get; }

    /// <summary>All nodes, those that are down too.</summary>
    public IReadOnlyList<TestNode> Nodes => nodes;

    internal TestMeshOptions Options { get; }

    internal ILoggerFactory Loggers { get; }

    internal IMeterFactory Meters => metrics.GetRequiredService<IMeterFactory>();

    /// <summary>A node by its name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">No node is called so.</exception>
    public TestNode this[string name] =>
        Array.Find(nodes, node => node.Name == name)
        ?? throw new ArgumentException($"No node of this mesh is called '{name}'; there are {string.Join(", ", nodes.Select(node => node.Name))}.", nameof(name));

    /// <summary>Starts nodes, and returns when each has a link with each other.</summary>
    /// <param name="nodes">How many, 1 to 50.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="P2PGrpc.Node.Telemetry.NodeStartException">A node can't start as it is configured.</exception>
    /// <exception cref="TimeoutException">They have not all found each other within the patience of the options.</exception>
    public static async Task<TestMesh> StartAsync(int nodes, TestMeshOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(nodes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nodes, MostNodes);
        var mesh = new TestMesh(nodes, options ?? new TestMeshOptions());
        try
        {
            await mesh.StartAllAsync(cancellationToken).ConfigureAwait(false);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Has the node that a host embeds take part in this mesh: it gets the mesh's network and clock, which becomes that of all of the host's services, and a data
    /// directory. It and the nodes that run learn of each other by their addresses, and find each other as time passes. To be called before the host is built; the host
    /// is to be disposed before the mesh. It has no <see cref="TestNode"/>, so it can be neither crashed nor restarted here.</summary>
    /// <param name="services">The host's services, with <c>AddP2PGrpcNode</c> among them. What they say of name, directory, addresses and peers is passed over.</param>
    /// <param name="name">What it is called, in <see cref="Partition"/> too.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">A node is called so already.</exception>
    public async Task JoinAsync(IServiceCollection services, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var place = network.Add(name);
        var running = nodes.Where(node => node.IsRunning).ToList();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton(network.CreateTransport(name, place));
        services.PostConfigure<NodeOptions>(options =>
        {
            options.Name = name;
            options.DataDirectory = Path.Combine(root.FullName, name);
            options.Listen = place.ToString();
            options.Api = "off";
            options.Advertise = options.Discover = null;
            options.Peers = [.. running.Select(node => node.PeerText)];
        });
        foreach (var node in running)
            await node.Node.AddPeerAsync($"{name}={place}", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Divides the network. Between nodes of different groups nothing passes any more, and nothing tells them so: they find it out by their heartbeats, after eight
    /// seconds of <see cref="Time"/>. Nodes that are in no group reach all others. A later call takes the place of an earlier one.</summary>
    /// <param name="groups">The names of the nodes of each group.</param>
    /// <exception cref="ArgumentException">A name is unknown, or in two groups.</exception>
    public void Partition(params IReadOnlyList<string>[] groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        var divided = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var group = 0; group < groups.Length; group++)
            foreach (var name in groups[group])
                if (!network.Knows(name))
                    throw new ArgumentException($"No node of this mesh is called '{name}'.", nameof(groups));
                else if (!divided.TryAdd(name, group))
                    throw new ArgumentException($"{name} is named twice.", nameof(groups));
        network.Divide(divided);
    }

    /// <summary>Ends all partitions. What they held up goes on at once; links that were given up meanwhile are dialled anew as time passes.</summary>
    public void Heal() => network.Divide(new Dictionary<string, int>());

    /// <summary>Ends a node as kill -9 does: nothing is flushed or said, and only what its disk holds is there when it is started again. Calls to it that are under way
    /// fail; what it has accepted is on its disk.</summary>
    /// <param name="name">The node.</param>
    /// <exception cref="InvalidOperationException">It is down already.</exception>
    public Task CrashAsync(string name) => WaitForAsync(this[name].CrashAsync());

    /// <summary>Ends a node in order: it says goodbye, and flushes what it remembers.</summary>
    /// <param name="name">The node.</param>
    public Task StopAsync(string name) => WaitForAsync(this[name].StopAsync());

    /// <summary>Starts a node again that was stopped or has crashed, with the same identity and data. Links come as time passes: see <see cref="WaitForLinksAsync"/>.</summary>
    /// <param name="name">The node.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidOperationException">It runs.</exception>
    public Task RestartAsync(string name, CancellationToken cancellationToken = default) => this[name].StartAsync(cancellationToken);

    /// <summary>Lets time pass in steps of a second, and lets the nodes do in each what they have to do: links that nothing is wrong with stay up. An hour takes some
    /// seconds.</summary>
    /// <param name="time">How much.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task AdvanceAsync(TimeSpan time, CancellationToken cancellationToken = default) => passing.AdvanceAsync(time, cancellationToken);

    /// <summary>Lets time pass until a condition holds. It is looked at every few milliseconds, and time moves on only while nothing is under way between the nodes.</summary>
    /// <param name="condition">Becomes true.</param>
    /// <param name="what">What is waited for, in words, for the exception; left out, the condition's own source.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TimeoutException">It has not come true within the patience of the options.</exception>
    public Task WaitUntilAsync(
        Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null, CancellationToken cancellationToken = default) =>
        passing.WaitUntilAsync(() => new ValueTask<bool>(condition()), what ?? "the condition holds", cancellationToken);

    /// <inheritdoc cref="WaitUntilAsync(Func{bool}, string?, CancellationToken)"/>
    public Task WaitUntilAsync(
        Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string? what = null, CancellationToken cancellationToken = default) =>
        passing.WaitUntilAsync(() => new ValueTask<bool>(condition()), what ?? "the condition holds", cancellationToken);

    /// <summary>Lets time pass until each two nodes that run and reach each other have a link.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TimeoutException">They have not found each other within the patience of the options.</exception>
    public Task WaitForLinksAsync(CancellationToken cancellationToken = default) =>
        passing.WaitUntilAsync(() => new ValueTask<bool>(passing.AreAllLinked()), "all nodes that run and reach each other are linked", cancellationToken);

    /// <summary>Lets time pass until work has ended, and gives its result: for calls that need time to pass, such as a send that waits for the delivery.</summary>
    /// <param name="work">The work.</param>
    /// <exception cref="TimeoutException">It has not ended within the patience of the options.</exception>
    public async Task<T> WaitForAsync<T>(Task<T> work)
    {
        await WaitForAsync((Task)work).ConfigureAwait(false);
        return await work.ConfigureAwait(false);
    }

    /// <inheritdoc cref="WaitForAsync{T}(Task{T})"/>
    public async Task WaitForAsync(Task work)
    {
        ArgumentNullException.ThrowIfNull(work);
        await passing.WaitUntilAsync(() => new ValueTask<bool>(work.IsCompleted), "the work ends", CancellationToken.None).ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }

    /// <summary>Ends all nodes, and deletes their data.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
            return;
        foreach (var node in nodes)
            network.SetDown(node.Name, true);
        Heal();
        await WaitForAsync(Task.WhenAll(nodes.Select(node => node.StopAsync()))).ConfigureAwait(false);
        await metrics.DisposeAsync().ConfigureAwait(false);
        root.Delete(recursive: true);
    }

    private async Task StartAllAsync(CancellationToken cancellationToken)
    {
        // Nobody gets through before each knows all others: who is dialled by a stranger refuses it.
        network.Divide(nodes.Select((node, index) => (node.Name, index)).ToDictionary(place => place.Name, place => place.index));
        await Task.WhenAll(nodes.Select(node => node.StartAsync(cancellationToken))).ConfigureAwait(false);
        await Task.WhenAll(nodes.Select(node => IntroduceAsync(node, cancellationToken))).ConfigureAwait(false);
        Heal();
        await WaitForLinksAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task IntroduceAsync(TestNode node, CancellationToken cancellationToken)
    {
        // Of each two, one dials: where both do, the first moments are those in which they agree on one of two links.
        var own = Array.IndexOf(nodes, node);
        for (var index = 0; index < nodes.Length; index++)
            if (index != own)
                await node.Node.AddPeerAsync(index < own ? nodes[index].PeerText : nodes[index].PeerTextWithoutAddress, cancellationToken).ConfigureAwait(false);
    }

    private TestNode CreateNode(int index)
    {
        var name = index < Options.Names.Count ? Options.Names[index] : index < UsualNames.Length ? UsualNames[index] : $"node{index + 1}";
        return new TestNode(this, network, name, Path.Combine(root.FullName, name));
    }
}
