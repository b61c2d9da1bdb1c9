using System.Globalization;
using P2PGrpc.Benchmarks.Contenders;
using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.Benchmarks.Reporting;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks;

/// <summary>How rates and times change with what grows. Each a part of its own, since they take long.</summary>
internal static class Growth
{
    private const string Rate = "Durable through the API, messages/s";
    private const string Latency = "Durable through the API, p50 of a batch's answer, ms";
    private const string Processor = "Durable through the API, processor time, µs per message";
    private const string StartTime = "Start to listening, ms";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly int[] Sizes = [16, 100, 1024, 4096, 16 * 1024, 64 * 1024];
    private static readonly int[] LinkCounts = [1, 10, 50, 100, 200];
    private static readonly int[] SubscriberCounts = [1, 2, 4, 8, 16];

    // A node holds no more than 20,000 of one author.
    private static readonly int[] LogCounts = [1, 100, 1_000, 10_000, 19_000];
    private static readonly long[] Histories = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

    public static async Task<Outcome> MeasureSizeAsync(BenchmarkSettings settings)
    {
        var points = await MeasureAsync(settings, Sizes, (name, size) => NodeContenders.ThroughApi(name, size));
        var bytes = points.Where(point => point.Curve == Rate).Select(point => new GrowthPoint("Durable through the API, MB/s", point.At, point.Value * point.At / 1e6));
        return Outcome.Of([.. points, .. bytes]);
    }

    public static async Task<Outcome> MeasureLinksAsync(BenchmarkSettings settings) => Outcome.Of(await MeasureAsync(
        settings, LinkCounts, (name, links) => NodeContenders.ThroughApi(name, BenchmarkSettings.MessageLength, idleLinks: links - 1)));

    public static async Task<Outcome> MeasureSubscribersAsync(BenchmarkSettings settings) => Outcome.Of(await MeasureAsync(
        settings, SubscriberCounts, (name, count) => NodeContenders.ThroughApi(name, BenchmarkSettings.MessageLength, subscribers: count)));

    /// <summary>One node that gets fuller: how fast it takes more, and how fast it starts.</summary>
    public static async Task<Outcome> MeasureHistoryAsync(BenchmarkSettings settings)
    {
        var points = new List<GrowthPoint>();
        await using var setup = new Setup();
        var node = NodeContenders.AddNode(setup, "alice");
        await node.StartAsync();
        var stored = 0L;
        foreach (var history in Histories.Where(history => history <= settings.History))
        {
            if (stored < history) stored += await NodeMeasures.FillAsync(node, "self", history - stored);
            var (row, added) = await MeasureAppendAsync(settings, node, "self");
            points.Add(new GrowthPoint("Stored at one node, messages/s", history, row.Count / row.Seconds));
            points.Add(new GrowthPoint("Stored at one node, p50 of a batch's answer, ms", history, row.P50 / 1000));
            await node.StopAsync();
            points.Add(new GrowthPoint(StartTime, history, await NodeMeasures.TimeStartAsync(node)));
            stored += added;
        }
        return Outcome.Of(points);
    }

    /// <summary>Two nodes of which one has been started ever so often: each start began a log.</summary>
    public static async Task<Outcome> MeasureLogsAsync(BenchmarkSettings settings)
    {
        var points = new List<GrowthPoint>();
        foreach (var count in LogCounts.Where(count => count <= settings.History))
        {
            await using var setup = new Setup();
            var (alice, bob) = await NodeContenders.StartPairAsync(setup);
            await Task.WhenAll(alice.StopAsync(), bob.StopAsync());
            await StoredLogs.WriteAsync(alice.DataDirectory, bob.DataDirectory, count);
            await bob.StartAsync();
            points.Add(new GrowthPoint(StartTime, count, await NodeMeasures.TimeStartAsync(alice)));
            var startedAt = TimeProvider.System.GetTimestamp();
            await alice.Client.SendAsync("bob", "after all that", waitFor: DeliveryState.Delivered, limit: Patience);
            points.Add(new GrowthPoint("From listening to the first delivery, ms", count, TimeProvider.System.GetElapsedTime(startedAt).TotalMilliseconds));
            await Eventually.PauseAsync((int)settings.Settle.TotalMilliseconds);
            points.Add(new GrowthPoint("Resident memory of the author's node, MB", count, ProcessUsage.ReadMemory([alice.ProcessId]) / 1e6));
            points.Add(new GrowthPoint("Resident memory of the reader's node, MB", count, ProcessUsage.ReadMemory([bob.ProcessId]) / 1e6));
            var (tally, _) = await MeasureAppendAsync(settings, alice, "bob");
            points.Add(new GrowthPoint("Accepted by one node, messages/s", count, tally.Count / tally.Seconds));
        }
        return Outcome.Of(points);
    }

    private static async Task<(WorkerTally Tally, long Added)> MeasureAppendAsync(BenchmarkSettings settings, NodeProcess node, string to)
    {
        await using var driver = await WorkerProcess.StartAsync(
            "stream", node.SocketPath, to, BenchmarkSettings.MessageLength, BenchmarkSettings.BatchSize, BenchmarkSettings.Outstanding);
        await driver.AskAsync("go");
        await Eventually.PauseAsync((int)settings.Settle.TotalMilliseconds);
        await driver.AskAsync("begin");
        await Eventually.PauseAsync((int)settings.Measured.TotalMilliseconds);
        var tally = WorkerTally.Parse(await driver.AskAsync("end"));
        await driver.AskAsync("rest");
        await Eventually.PauseAsync(500);
        return (tally, await driver.AskTotalAsync());
    }

    // One after the other and never together: what is measured here must not share the machine with the processes of another point.
    private static async Task<IReadOnlyList<GrowthPoint>> MeasureAsync(BenchmarkSettings settings, IEnumerable<int> places, Func<string, int, Contender> make)
    {
        var points = new List<GrowthPoint>();
        foreach (var at in places)
        {
            var name = at.ToString("N0", CultureInfo.InvariantCulture);
            var row = (await Rounds.RunAsync(settings, [make(name, at)]))[0];
            points.Add(new GrowthPoint(Rate, at, row.Rate));
            points.Add(new GrowthPoint(Latency, at, row.P50 / 1000));
            points.Add(new GrowthPoint(Processor, at, row.Processor));
        }
        return points;
    }
}
