using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.Benchmarks.Contenders;

/// <summary>P2PGrpc itself: as four processes through its API, and embedded in producer and consumer.</summary>
internal static class NodeContenders
{
    public const string DurablePromise = "on both nodes' disks, fsynced, before the reader sees it; over TLS 1.3";
    public const string EphemeralPromise = "at most once, nothing stored; over TLS 1.3";

    /// <summary>Load driver → node → node → reader.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="length">Bytes of text in a message.</param>
    /// <param name="subscribers">How many read at the receiving node; one of them counts.</param>
    /// <param name="idleLinks">How many more nodes are linked to the sending node and idle.</param>
    public static Contender ThroughApi(string name, int length, int subscribers = 1, int idleLinks = 0) => new(name, DurablePromise, async setup =>
    {
        var (alice, bob) = await StartPairAsync(setup);
        if (idleLinks > 0) await setup.AddAsync("swarm", setup.PathOf("swarm"), alice.ListenAddress, idleLinks);
        setup.Counter = await setup.AddAsync("read", bob.SocketPath, "end", subscribers);
        setup.Driver = await setup.AddAsync(
            "stream", alice.SocketPath, "bob", length, BenchmarkSettings.BatchSize, BenchmarkSettings.Outstanding);
    });

    /// <summary>Producer with its node → consumer with its node.</summary>
    public static Contender Embedded(string name, int length, bool ephemeral) =>
        new(name, ephemeral ? EphemeralPromise : DurablePromise, async setup =>
        {
            var (alice, bob) = (Address(), Address());
            setup.Counter = await setup.AddAsync("consume", setup.PathOf("bob"), bob, $"alice={alice}", "end");
            setup.Driver = await setup.AddAsync(
                "produce", setup.PathOf("alice"), alice, $"bob={bob}", length, BenchmarkSettings.BatchSize, ephemeral ? "ephemeral" : "durable");
        });

    /// <summary>An ephemeral message there and back.</summary>
    public static Contender RoundTrip(string name, int length) => new(name, EphemeralPromise, async setup =>
    {
        var (alice, bob) = (Address(), Address());
        await setup.AddAsync("pong", setup.PathOf("bob"), bob, $"alice={alice}", length);
        setup.Driver = await setup.AddAsync("ping", setup.PathOf("alice"), alice, $"bob={bob}", length);
    });

    /// <summary>Unary Send at one of two linked nodes.</summary>
    public static Contender Unary(string name, string promise, int callers, string mode) => new(name, promise, async setup =>
    {
        var (alice, _) = await StartPairAsync(setup);
        setup.Driver = await setup.AddAsync("unary", alice.SocketPath, BenchmarkSettings.MessageLength, callers, mode);
    });

    /// <summary>Starts two nodes as the program is run by others, and waits for their link.</summary>
    public static async Task<(NodeProcess Alice, NodeProcess Bob)> StartPairAsync(Setup setup, string? program = null)
    {
        var (alice, bob) = (AddNode(setup, "alice", program), AddNode(setup, "bob", program));
        alice.Peers.Add($"bob={bob.ListenAddress}");
        bob.Peers.Add($"alice={alice.ListenAddress}");
        alice.Options.Add("--accept");
        alice.Options.Add("any");
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        setup.ProcessIds.AddRange([alice.ProcessId, bob.ProcessId]);
        return (alice, bob);
    }

    /// <summary>
    /// A node as a service runs it, not started yet. It prints no messages: what it would print is one more subscriber, whom none of the others has.
    /// </summary>
    public static NodeProcess AddNode(Setup setup, string name, string? program = null)
    {
        var node = setup.Keep(new NodeProcess(name, setup.PathOf(name)) { Program = program ?? Checkout.Program });
        node.Options.Add("--quiet");
        return node;
    }

    private static string Address() => $"127.0.0.1:{Ports.Take()}";
}
