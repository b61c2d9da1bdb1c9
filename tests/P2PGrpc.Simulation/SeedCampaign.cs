namespace P2PGrpc.Simulation;

/// <summary>Many seeds, on all cores. Each run is alone in its thread, so that a seed gives the same run however many there are.</summary>
internal sealed class SeedCampaign(int from, int count, int mostFailures, CancellationToken cancellationToken)
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<FaultKind, int> faults = [];
    private readonly List<string> failures = [];
    private int runs;
    private long messages;
    private long segments;

    /// <summary>What each failed seed drew, how to run it again, and what broke.</summary>
    public IReadOnlyList<string> Failures => failures;

    public int FaultsOf(FaultKind kind) => faults.GetValueOrDefault(kind);

    /// <summary>Runs one seed through all its checks.</summary>
    /// <exception cref="SimulationFault">A promise was broken.</exception>
    public static SimulationRun RunSeed(int seed)
    {
        var run = new SimulationRun(SimulationOptions.Draw(seed));
        run.Run();
        return run;
    }

    public void Run() => Parallel.For(from, from + count, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, (seed, loop) =>
    {
        if (TryRun(seed))
            return;
        lock (gate)
        {
            if (failures.Count >= mostFailures)
                loop.Stop();
        }
    });

    public override string ToString()
    {
        lock (gate)
            return $"{runs} of {count} seeds from {from}: {messages} messages accepted, {segments} segments sent, {failures.Count} failed; faults: "
                + string.Join(", ", faults.Select(fault => $"{fault.Value} {fault.Key}"));
    }

    private bool TryRun(int seed)
    {
        try
        {
            Count(RunSeed(seed));
            return true;
        }
        catch (Exception exception)
        {
            lock (gate)
                failures.Add($"{SimulationOptions.Draw(seed)}\nRun it again: make sim SEED={seed}\n{exception}");
            return false;
        }
    }

    private void Count(SimulationRun run)
    {
        lock (gate)
        {
            runs++;
            messages += run.Ledger.Accepted;
            segments += run.Counts.SegmentsSent;
            foreach (var (kind, number) in run.Counts.Faults)
                faults[kind] = FaultsOf(kind) + number;
        }
    }
}
