using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.Benchmarks.Contenders;

/// <summary>What others would take instead, written by hand: bare grpc-dotnet, sockets, the disk alone.</summary>
internal static class BareContenders
{
    private const string Promise = "in the other process's memory, nothing stored";

    /// <summary>Unary calls over a Unix socket, as a node's client endpoint is reached.</summary>
    public static Contender Unary(string name, int callers) => new(name, "answered at once, nothing stored", async setup =>
    {
        var address = setup.PathOf("bare.sock");
        await setup.AddAsync("bare-server", address);
        setup.Driver = await setup.AddAsync("unary", address, BenchmarkSettings.MessageLength, callers, "bare");
    });

    /// <summary>A bidirectional stream over TCP.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="kind">typed, opaque or ping.</param>
    /// <param name="isTls">TLS 1.3 or in clear.</param>
    /// <param name="batch">Messages a frame.</param>
    public static Contender Stream(string name, string kind, bool isTls, int batch) =>
        new(name, Promise + (isTls ? "; over TLS 1.3" : "; in clear"), async setup =>
        {
            var address = $"{(isTls ? "https" : "http")}://127.0.0.1:{Ports.Take()}";
            var server = await setup.AddAsync("bare-server", address);
            setup.Driver = await setup.AddAsync("bare", kind, address, BenchmarkSettings.MessageLength, batch);
            if (kind != "ping") setup.Counter = server;
        });

    public static Contender Actors(string name, string kind) => new(name, Promise + "; in clear", async setup =>
    {
        var port = Ports.Take();
        var server = await setup.AddAsync("actor-server", port);
        setup.Driver = await setup.AddAsync($"actor-{kind}", port, BenchmarkSettings.MessageLength);
        if (kind == "tell") setup.Counter = server;
    });

    public static Contender Queues(string name) => new(name, Promise + "; in clear", async setup =>
    {
        var port = Ports.Take();
        setup.Counter = await setup.AddAsync("pull", port);
        setup.Driver = await setup.AddAsync("push", port, BenchmarkSettings.MessageLength);
    });

    public static Contender Seed(string name) => new(name, "answered by the other process, nothing stored; in clear", async setup =>
    {
        var port = Ports.Take();
        await setup.AddAsync("seed-server", port);
        setup.Driver = await setup.AddAsync("seed", port, BenchmarkSettings.MessageLength);
    });

    public static Contender Fsync(string name) => new(name, "on this disk", async setup =>
        setup.Driver = await setup.AddAsync("fsync", setup.PathOf("fsync")));
}
