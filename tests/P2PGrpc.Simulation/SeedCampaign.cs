namespace P2PGrpc.Simulation;

/// <summary>Many seeds, on all cores. Each run is alone in its thread, so that a seed gives the same run however many there are.</summary>
/// <param name="draw">What a seed stands for.</param>
/// <param name="command">Runs one seed again, its number behind it.</param>
/// <param name="from">The first seed.</param>
/// <param name="count">How many.</param>
/// <param name="mostFailures">After so many failures the rest is left.</param>
/// <param name="cancellationToken">Ends it.</param>
internal sealed class SeedCampaign(
    Func<int, SimulationOptions> draw, string command, int from, int count, int mostFailures, CancellationToken cancellationToken)
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<FaultKind, int> faults = [];
    private readonly List<string> failures = [];
    private readonly List<(bool IsTroubled, int Sent, int Needed, int Seed)> costs = [];
    private int runs;
    private long messages;
    private long segments;
    private (long Sent, long Needed) calm;
    private (long Sent, long Needed) troubled;

    /// <summary>What each failed seed drew, how to run it again, and what broke.</summary>
    public IReadOnlyList<string> Failures => failures;

    /// <summary>How often a body travelled to a member that needed it: in runs without faults, and in those with some.</summary>
    public (double Calm, double Troubled) Transmissions => ((double)calm.Sent / calm.Needed, (double)troubled.Sent / troubled.Needed);

    /// <summary>The runs in which bodies travelled most often.</summary>
    public string DescribeWorst(bool isTroubled) => string.Join(", ", costs.Where(cost => cost.IsTroubled == isTroubled && cost.Needed > 0)
        .OrderByDescending(cost => (double)cost.Sent / cost.Needed).Take(5).Select(cost => $"{(double)cost.Sent / cost.Needed:0.00} of {cost.Needed} (seed {cost.Seed})"));

    /// <summary>Logs that were frozen for a fork, in all runs together.</summary>
    public int Frozen { get; private set; }

    /// <summary>The most that one replicator kept.</summary>
    public int MostKept { get; private set; }

    /// <summary>The most bytes that one replicator took at the end of a run.</summary>
    public long MostBytes { get; private set; }

    /// <summary>How often somebody told another something, in how many moments of a link, and the most in one of these.</summary>
    public (long All, long Moments, int Most) Tells { get; private set; }

    /// <summary>How often a segment of a member that floods or forks travelled to a member, and how often one was taken.</summary>
    public (long Sent, long Taken) Hostile { get; private set; }

    public int FaultsOf(FaultKind kind) => faults.GetValueOrDefault(kind);

    /// <summary>Runs one seed through all its checks.</summary>
    /// <exception cref="SimulationFault">A promise was broken.</exception>
    public static SimulationRun RunSeed(SimulationOptions options)
    {
        var run = new SimulationRun(options);
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
            Count(RunSeed(draw(seed)));
            return true;
        }
        catch (Exception exception)
        {
            lock (gate)
                failures.Add($"{draw(seed)}\nRun it again: {command}{seed}\n{exception}");
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
            ref var cost = ref run.Options.IsTroubled ? ref troubled : ref calm;
            costs.Add((run.Options.IsTroubled, run.Counts.SegmentsSent, run.Counts.SegmentsNeeded, run.Options.Seed));
            cost = (cost.Sent + run.Counts.SegmentsSent, cost.Needed + run.Counts.SegmentsNeeded);
            Frozen += run.Counts.Frozen;
            MostKept = Math.Max(MostKept, run.Counts.MostKept);
            MostBytes = Math.Max(MostBytes, run.Counts.MostBytes);
            Tells = (Tells.All + run.Counts.Tells, Tells.Moments + run.Counts.TellMoments, Math.Max(Tells.Most, run.Counts.MostTells));
            Hostile = (Hostile.Sent + run.Counts.HostileSegmentsSent, Hostile.Taken + run.Counts.HostileSegmentsTaken);
            foreach (var (kind, number) in run.Counts.Faults)
                faults[kind] = FaultsOf(kind) + number;
        }
    }
}
