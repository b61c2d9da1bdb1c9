using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Links;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>A real node in this process: TLS on loopback, a database in a directory of its own. Can be stopped and started again.</summary>
internal sealed class RunningNode : IAsyncDisposable
{
    private readonly string directory;
    private readonly TimeProvider time;
    private string? discover;
    private bool dialAny;
    private NodeRuntime? runtime;

    private RunningNode(string name, string directory, TimeProvider time)
    {
        Name = name;
        this.directory = directory;
        this.time = time;
    }

    /// <summary>The longest wait for anything: far above what it takes, so that only a real failure ends it.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(20);

    public string Name { get; }

    /// <summary>The IP address on which it listens.</summary>
    public string Host { get; private init; } = "127.0.0.1";

    public int Port { get; private set; }

    /// <summary>Changes how the node runs, from the next start on.</summary>
    public Func<NodeSettings, NodeSettings> Adjust { get; set; } = settings => settings;

    /// <summary>Makes the node's meter.</summary>
    public NodeMeters Meters { get; } = new();

    public NodeRuntime Runtime => runtime ?? throw new InvalidOperationException("The node is stopped.");

    public string Id => Runtime.Id.ToString();

    public string PeerText(string? alias = null) => $"{(alias is null ? "" : alias + "=")}127.0.0.1:{Port}";

    /// <summary>A node that announces itself to a group of the test's own, on this machine alone.</summary>
    public static async Task<RunningNode> StartDiscoveringAsync(string name, string discover)
    {
        var node = new RunningNode(name, Directory.CreateTempSubdirectory("p2pgrpc-").FullName, TimeProvider.System) { discover = discover };
        await node.StartAgainAsync();
        return node;
    }

    public static Task<RunningNode> StartAsync(string name, AdmissionPolicy accept = AdmissionPolicy.Known, params string[] peers) =>
        StartAsync(name, TimeProvider.System, accept, peers);

    /// <summary>A node that runs otherwise than usual.</summary>
    public static async Task<RunningNode> StartAsync(
        string name, Func<NodeSettings, NodeSettings> adjust, AdmissionPolicy accept = AdmissionPolicy.Known, TimeProvider? time = null)
    {
        var node = new RunningNode(name, Directory.CreateTempSubdirectory("p2pgrpc-").FullName, time ?? TimeProvider.System) { Adjust = adjust };
        await node.StartAgainAsync(accept);
        return node;
    }

    /// <summary>A node with a clock of the test's. What it says to others at times must not matter to the test.</summary>
    public static async Task<RunningNode> StartAsync(string name, TimeProvider time, AdmissionPolicy accept = AdmissionPolicy.Known, params string[] peers)
    {
        var node = new RunningNode(name, Directory.CreateTempSubdirectory("p2pgrpc-").FullName, time);
        await node.StartAgainAsync(accept, peers);
        return node;
    }

    /// <summary>A node that other machines could reach, and that for this reason does not dial its own one because others say so.</summary>
    public static async Task<RunningNode> StartOnAllAddressesAsync(string name, bool dialAny, params string[] peers)
    {
        var node = new RunningNode(name, Directory.CreateTempSubdirectory("p2pgrpc-").FullName, TimeProvider.System) { Host = "0.0.0.0", dialAny = dialAny };
        await node.StartAgainAsync(AdmissionPolicy.Known, peers);
        return node;
    }

    /// <summary>A node whose data directory, of its name, is in this folder already. Disposing of the node deletes the folder.</summary>
    public static async Task<RunningNode> StartInAsync(string name, string folder)
    {
        var node = new RunningNode(name, folder, TimeProvider.System);
        await node.StartAgainAsync();
        return node;
    }

    public string DataDirectory => Path.Combine(directory, Name);

    public async Task StartAgainAsync(AdmissionPolicy accept = AdmissionPolicy.Known, params string[] peers)
    {
        var options = new NodeOptions
        {
            Name = Name,
            DataDirectory = DataDirectory,
            Listen = $"{Host}:{Port}",
            DialAny = dialAny,
            Api = "off",
            Accept = accept,
            Peers = peers,
            Discover = discover,
        };
        runtime = await NodeRuntime.StartAsync(
            Adjust(NodeSettings.From(options)), time, NullLoggerFactory.Instance, Meters, TestContext.Current.CancellationToken);
        Port = int.Parse(runtime.Address[(runtime.Address.LastIndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref runtime, null) is { } running)
            await running.DisposeAsync();
    }

    public Task<Peer> AddAsync(string peer) => Runtime.Administration.AddAsync(peer, TestContext.Current.CancellationToken);

    public Peer? Find(string name) => Runtime.Administration.List().FirstOrDefault(peer => peer.Alias == name || peer.PeerId == name);

    public Task<SendResponse> SendAsync(string to, string text, Action<SendRequest>? configure = null)
    {
        var request = new SendRequest { To = to, Text = text };
        configure?.Invoke(request);
        return Runtime.Sender.SendAsync(request, Patience, TestContext.Current.CancellationToken);
    }

    /// <summary>The next messages of a subscription, as many as asked for.</summary>
    public async Task<List<(MessageBatch Batch, Entry Entry)>> ReceiveAsync(int count, Action<SubscribeRequest>? configure = null)
    {
        var request = new SubscribeRequest { StartAt = StartAt.Start };
        configure?.Invoke(request);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        var received = new List<(MessageBatch, Entry)>();
        await foreach (var response in Runtime.Subscriptions.SubscribeAsync(request, limit.Token))
        {
            foreach (var batch in response.Batches)
                foreach (var entry in batch.Messages)
                    received.Add((batch, entry));
            if (received.Count >= count)
                break;
        }

        return received;
    }

    /// <summary>Waits for an event that fulfils the condition, from the call on.</summary>
    public async Task<WatchEventsResponse> WaitForEventAsync(Func<WatchEventsResponse, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        await foreach (var happened in Runtime.Events.WatchAsync(limit.Token))
            if (condition(happened))
                return happened;
        throw new InvalidOperationException("The events ended.");
    }

    /// <summary>Waits until a condition of the node holds, looking again after each event and at short intervals.</summary>
    public static Task WaitUntilAsync(Func<bool> condition, string what) => WaitUntilAsync(() => Task.FromResult(condition()), what);

    /// <inheritdoc cref="WaitUntilAsync(Func{bool}, string)"/>
    public static async Task WaitUntilAsync(Func<Task<bool>> condition, string what)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"It never came about that {what}.");
            }
    }

    public Task WaitForLinkAsync(string peer) => WaitUntilAsync(() => Find(peer)?.Link == LinkState.Up, $"{Name} is linked with {peer}");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Meters.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}
