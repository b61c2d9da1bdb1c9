using System.Globalization;
using System.Net;
using System.Net.Sockets;
using P2PGrpc.Benchmarks.Contenders;
using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.Benchmarks.Reporting;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks;

/// <summary>Single numbers of nodes: how fast they start, what they take when idle, how fast they catch up.</summary>
internal static class NodeMeasures
{
    private const int Links = 100;
    private const int RepeatedStarts = 3;

    // Long enough for a node to see that it is idle, and to give back what it does not need, which it does at most once a minute.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static async Task<Outcome> RunAsync(BenchmarkSettings settings)
    {
        var facts = new List<Fact> { await MeasureStartAsync(settings, Names.Start, Checkout.Program) };
        facts.AddRange(await MeasureMemoryAsync(Names.IdleMemory, Checkout.Program, Links));
        if (File.Exists(Checkout.NativeProgram))
        {
            facts.Add(await MeasureStartAsync(settings, Names.StartNative, Checkout.NativeProgram));
            facts.AddRange(await MeasureMemoryAsync(Names.IdleMemoryNative, Checkout.NativeProgram, links: 0));
        }
        facts.Add(await MeasureStartWithHistoryAsync(settings));
        facts.Add(await MeasureCatchingUpAsync(settings));
        return Outcome.Of(facts);
    }

    /// <summary>Milliseconds from the start of the process to the first connection that the peer port takes.</summary>
    public static async Task<double> TimeStartAsync(NodeProcess node)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        var ready = node.StartAsync();
        while (!await ConnectsAsync(node.ListenPort)) await Eventually.PauseAsync(1);
        var took = TimeProvider.System.GetElapsedTime(startedAt).TotalMilliseconds;
        await ready;
        return took;
    }

    /// <summary>Has a node store at least so many messages, and gives how many it stored in this call.</summary>
    public static async Task<long> FillAsync(NodeProcess node, string to, long count)
    {
        await using var driver = await WorkerProcess.StartAsync(
            "stream", node.SocketPath, to, BenchmarkSettings.MessageLength, (int)Math.Min(count, BenchmarkSettings.BatchSize), 4);
        await driver.AskAsync("go");
        var startedAt = TimeProvider.System.GetTimestamp();
        while (await driver.AskTotalAsync() < count)
        {
            if (TimeProvider.System.GetElapsedTime(startedAt) > Patience) throw new TimeoutException($"{count} messages were not stored in {Patience}");
            await Eventually.PauseAsync(10);
        }
        await driver.AskAsync("rest");
        await Eventually.PauseAsync(500);
        return await driver.AskTotalAsync();
    }

    private static async Task<Fact> MeasureStartAsync(BenchmarkSettings settings, string name, string program)
    {
        var times = new List<double>();
        for (var i = 0; i < settings.Starts; i++)
        {
            await using var setup = new Setup();
            times.Add(await TimeStartAsync(NodeContenders.AddNode(setup, "alice", program)));
        }
        return new Fact(name, Median(times), "ms", $"median of {settings.Starts} first starts, each with a new data directory");
    }

    /// <summary>The memory of an idle node, and of so many more links if there are to be any.</summary>
    private static async Task<IReadOnlyList<Fact>> MeasureMemoryAsync(string name, string program, int links)
    {
        var alone = await MeasureAloneAsync(program);
        await using var setup = new Setup();
        var (alice, _) = await NodeContenders.StartPairAsync(setup, program);
        await Eventually.PauseAsync((int)Settling.TotalMilliseconds);
        var linked = ProcessUsage.ReadMemory([alice.ProcessId]);
        var fact = new Fact(name, alone / 1e6, "MB", string.Create(
            CultureInfo.InvariantCulture, $"resident, without links, nothing to do; {linked / 1e6:N1} MB with the first link"));
        if (links == 0) return [fact];
        // The first links also pay for what is compiled and kept once, however many follow.
        var first = await LinkMoreAsync(setup, "first", alice, links);
        var second = await LinkMoreAsync(setup, "second", alice, links);
        return [fact, new Fact(Names.LinkMemory, (second - first) / links / 1e3, "KB", string.Create(
            CultureInfo.InvariantCulture,
            $"growth of the resident memory by the second {links} more links, divided ({(first - linked) / links / 1e3:N0} KB by the first {links})"))];
    }

    private static async Task<double> MeasureAloneAsync(string program)
    {
        await using var setup = new Setup();
        var node = NodeContenders.AddNode(setup, "alice", program);
        await node.StartAsync();
        await Eventually.PauseAsync((int)Settling.TotalMilliseconds);
        return ProcessUsage.ReadMemory([node.ProcessId]);
    }

    private static async Task<double> LinkMoreAsync(Setup setup, string swarm, NodeProcess node, int links)
    {
        await setup.AddAsync("swarm", setup.PathOf(swarm), node.ListenAddress, links);
        await Eventually.PauseAsync((int)Settling.TotalMilliseconds);
        return ProcessUsage.ReadMemory([node.ProcessId]);
    }

    private static async Task<Fact> MeasureStartWithHistoryAsync(BenchmarkSettings settings)
    {
        await using var setup = new Setup();
        var node = NodeContenders.AddNode(setup, "alice");
        await node.StartAsync();
        var stored = await FillAsync(node, "self", settings.History);
        var times = new List<double>();
        for (var i = 0; i < RepeatedStarts; i++)
        {
            await node.StopAsync();
            times.Add(await TimeStartAsync(node));
        }
        return new Fact(Names.StartWithHistory, Median(times), "ms", string.Create(
            CultureInfo.InvariantCulture,
            $"median of {RepeatedStarts} starts to listening, {stored:N0} messages stored, {ProcessUsage.ReadFolder(node.DataDirectory) / 1e6:N0} MB"));
    }

    private static async Task<Fact> MeasureCatchingUpAsync(BenchmarkSettings settings)
    {
        await using var setup = new Setup();
        var (alice, bob) = await NodeContenders.StartPairAsync(setup);
        await bob.StopAsync();
        var waiting = await FillAsync(alice, "bob", settings.Absence);
        var startedAt = TimeProvider.System.GetTimestamp();
        await bob.StartAsync();
        await Eventually.HoldsAsync(
            "everything is delivered", async () => (await alice.Client.Node.GetNodeAsync(new GetNodeRequest())).Undelivered == 0, Patience);
        var took = TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds;
        return new Fact(Names.CatchUp, took * settings.Absence / waiting, "s", string.Create(
            CultureInfo.InvariantCulture,
            $"from the start of the process that was away until the sender has all acknowledged, for {settings.Absence:N0} messages (measured with {waiting:N0})"));
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    private static async Task<bool> ConnectsAsync(int port)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
