using System.Net;
using Microsoft.Extensions.Options;
using P2PGrpc.Client;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Testing;

/// <summary>One node of a <see cref="TestMesh"/>. Its data outlives its crashes and stops, until the mesh is disposed. Thread-safe.</summary>
public sealed class TestNode
{
    private readonly TestMesh mesh;
    private readonly MeshNetwork network;
    private readonly IPEndPoint place;
    private EmbeddedNode? node;

    internal TestNode(TestMesh mesh, MeshNetwork network, string name, string dataDirectory)
    {
        this.mesh = mesh;
        this.network = network;
        Name = name;
        DataDirectory = dataDirectory;
        place = network.Add(name);
    }

    /// <summary>What it is called, by the others too.</summary>
    public string Name { get; }

    /// <summary>Where its identity and its messages are.</summary>
    public string DataDirectory { get; }

    /// <summary>Who it is, over all of its starts.</summary>
    public PeerId Id { get; private set; }

    /// <summary>True between a start and a stop or crash.</summary>
    public bool IsRunning => Volatile.Read(ref node) is not null;

    /// <summary>The node itself. After a restart it is another object.</summary>
    /// <exception cref="InvalidOperationException">The node is down.</exception>
    public INode Node => Running;

    internal string PeerText => $"{Name}={Id}@{place}";

    // What to say to those who wait to be dialled by this node.
    internal string PeerTextWithoutAddress => $"{Name}={Id}";

    private EmbeddedNode Running =>
        Volatile.Read(ref node) ?? throw new InvalidOperationException($"{Name} is down: start it again by RestartAsync(\"{Name}\") of its mesh.");

    /// <summary>Makes a client of this node's endpoint, as a program beside it has one; it stays good over crashes and restarts. Its time limits and pauses go by the
    /// machine's own clock, as gRPC does. To be disposed by the caller.</summary>
    /// <param name="configure">Changes its options; the data directory is set already.</param>
    public P2PGrpcClient CreateClient(Action<P2PGrpcClientOptions>? configure = null)
    {
        var options = new P2PGrpcClientOptions { DataDirectory = DataDirectory };
        configure?.Invoke(options);
        return new P2PGrpcClient(options);
    }

    /// <summary>True if this node has a link with the other one. After a partition it takes eight seconds of the mesh's clock until a node notices.</summary>
    /// <param name="name">The name of the other node.</param>
    public bool IsLinkedWith(string name) => FindLink(mesh[name]) is not null;

    /// <summary>The first messages that this node has got or gets, in the order in which they arrived; its own are not among them. Each call begins with
    /// the very first again. Time passes meanwhile.</summary>
    /// <param name="count">How many to wait for; for none it returns at once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TimeoutException">They have not come within the mesh's patience.</exception>
    public async Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(int count, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0)
            return [];
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var received = new List<ReceivedMessage>();
        try
        {
            var reading = ReadAsync(received, count, ending.Token);
            await mesh.WaitUntilAsync(() => reading.IsCompleted, $"{Name} receives {count} messages", cancellationToken).ConfigureAwait(false);
            await reading.ConfigureAwait(false);
            return received;
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(List<ReceivedMessage> received, int count, CancellationToken cancellationToken)
    {
        var request = new SubscribeRequest { StartAt = StartAt.Start };
        await foreach (var response in Node.SubscribeAsync(request, cancellationToken).ConfigureAwait(false))
            foreach (var message in ReceivedMessage.Read(response))
            {
                received.Add(message);
                if (received.Count == count)
                    return;
            }
    }

    internal LinkSession? FindLink(TestNode other) => Volatile.Read(ref node)?.Running?.Links.Find(other.Id);

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        if (IsRunning)
            throw new InvalidOperationException($"{Name} runs already.");
        var options = new NodeOptions { Name = Name, Api = "off" };
        mesh.Options.Configure?.Invoke(Name, options);
        options.DataDirectory = DataDirectory;
        options.Listen = place.ToString();
        network.SetDown(Name, false);
        var starting = new EmbeddedNode(Options.Create(options), mesh.Time, mesh.Loggers, mesh.Meters, network.CreateTransport(Name, place));
        await starting.StartAsync(cancellationToken).ConfigureAwait(false);
        Id = starting.Id;
        Volatile.Write(ref node, starting);
    }

    /// <summary>Ends the node in order, if it runs.</summary>
    internal async Task StopAsync()
    {
        if (Interlocked.Exchange(ref node, null) is { } stopping)
            await stopping.StopAsync(CancellationToken.None).ConfigureAwait(false);
        network.SetDown(Name, true);
    }

    /// <summary>Ends the node as kill -9 does.</summary>
    internal async Task CrashAsync()
    {
        var crashing = Running;
        var store = crashing.Running!.Store;
        network.SetDown(Name, true);
        var image = new CrashImage(DataDirectory);
        try
        {
            await store.WriteAsync(image, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException) when (image.IsTaken)
        {
            // That is how a store ends whose disk is gone.
        }

        Volatile.Write(ref node, null);
        await crashing.StopAsync(CancellationToken.None).ConfigureAwait(false);
        image.Restore();
    }
}
