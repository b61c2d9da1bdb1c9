using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.Benchmarks.Measuring;

/// <summary>Starts all contenders of a part, warms each up, and measures them in turn, round after round: what drifts in the machine then drifts for all.</summary>
internal static class Rounds
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(120);

    public static async Task<IReadOnlyList<Row>> RunAsync(BenchmarkSettings settings, IReadOnlyList<Contender> contenders)
    {
        var running = new List<(Contender Contender, Setup Setup, List<Row> Rows)>();
        var missing = new Dictionary<string, Row>(StringComparer.Ordinal);
        try
        {
            foreach (var contender in contenders)
            {
                var setup = new Setup();
                try
                {
                    await contender.StartAsync(setup);
                    running.Add((contender, setup, []));
                }
                catch (UnavailableException reason)
                {
                    await setup.DisposeAsync();
                    missing[contender.Name] = Row.Without(contender.Name, contender.Promise, reason.Message);
                }
                catch
                {
                    await setup.DisposeAsync();
                    throw;
                }
            }
            for (var round = 0; round < settings.Rounds; round++)
            {
                foreach (var (contender, setup, rows) in running)
                {
                    rows.Add(await MeasureAsync(contender, setup, round == 0 ? settings.WarmUp : settings.Settle, settings.Measured));
                    await Console.Error.WriteLineAsync(
                        $"  round {round + 1}: {contender.Name}: {rows[^1].Rate:N0}/s, p50 {rows[^1].P50:N1} µs, {rows[^1].Processor:N2} µs of processor");
                }
            }
        }
        finally
        {
            foreach (var (_, setup, _) in running) await setup.DisposeAsync();
        }
        var found = running.ToDictionary(one => one.Contender.Name, one => Row.Median(one.Rows));
        return [.. contenders.Select(contender => missing.GetValueOrDefault(contender.Name) ?? found[contender.Name])];
    }

    private static async Task<Row> MeasureAsync(Contender contender, Setup setup, TimeSpan warmUp, TimeSpan measured)
    {
        await setup.Driver.AskAsync("go");
        await Eventually.PauseAsync((int)warmUp.TotalMilliseconds);
        await setup.Driver.AskAsync("begin");
        if (setup.Counter != setup.Driver) await setup.Counter.AskAsync("begin");
        var before = Read(setup);
        await Eventually.PauseAsync((int)measured.TotalMilliseconds);
        var after = Read(setup);
        var counted = WorkerTally.Parse(await setup.Counter.AskAsync("end"));
        var driven = setup.Counter == setup.Driver ? counted : WorkerTally.Parse(await setup.Driver.AskAsync("end"));
        await setup.Driver.AskAsync("rest");
        await DrainAsync(setup);
        // A flush takes along what other files have waiting in the same file system: who never flushes must not have the next one pay for it.
        await Command.RunAsync("sync", []);
        var count = Math.Max(1.0, counted.Count);
        return new Row(
            contender.Name, contender.Promise, counted.Count / counted.Seconds, driven.P50, driven.P99, driven.P999,
            (after.Processor - before.Processor) / count, ProcessUsage.ReadPeakMemory(setup.ProcessIds),
            (after.Disk - before.Disk) / count, (after.Wire - before.Wire) / count);
    }

    private static (double Processor, double Disk, double Wire) Read(Setup setup) =>
        (ProcessUsage.ReadProcessor(setup.ProcessIds), ProcessUsage.ReadFolder(setup.Folder), ProcessUsage.ReadLoopback());

    // What is still under way belongs to this contender and must not run beside the next one.
    private static async Task DrainAsync(Setup setup)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        var last = -1L;
        while (TimeProvider.System.GetElapsedTime(startedAt) < DrainLimit)
        {
            var total = await setup.Counter.AskTotalAsync();
            if (total == last) return;
            last = total;
            await Eventually.PauseAsync(200);
        }
    }
}
