using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>V1: watches that what one node's replicator keeps goes by what there is, whoever floods, and that each author is held to its rate.</summary>
internal sealed class MemoryWatch(SimulationRun run, PeerId self)
{
    /// <summary>Counting looks at everything, so it is done now and then.</summary>
    private const int Every = 32;

    /// <summary>What any number of things may cost beside those that there are.</summary>
    private const int Slack = 64;

    /// <summary>What one thing takes at most, in bytes, on the average of all that are kept.</summary>
    private const long LargestThing = 1024;

    private readonly Dictionary<PeerId, long> taken = [];
    private readonly Dictionary<Bytes32, (SegmentHeader Header, int Times)> storing = [];
    private TimeSpan startedAt;
    private int steps;

    /// <summary>A process begins, and knows nothing of what came before.</summary>
    public void Restart()
    {
        taken.Clear();
        storing.Clear();
        startedAt = run.Schedule.Now;
    }

    /// <summary>A segment goes to the store.</summary>
    public void Note(SegmentHeader header)
    {
        // What a node takes back of its own is not bounded.
        if (run.Limits.AuthorRate is not { } rate || header.Log.Author == self)
            return;
        storing[header.Hash] = (header, storing.GetValueOrDefault(header.Hash).Times + 1);
        var weight = taken[header.Log.Author] = taken.GetValueOrDefault(header.Log.Author) + header.Weight;
        var most = (run.Schedule.Now - startedAt + run.Limits.QuotaBurst * 2) / TimeSpan.FromMinutes(1) * rate + run.Options.LargestBody + SimulationOptions.Overhead;
        SimulationFault.Check(weight <= most, $"V1: {weight} bytes of one author were taken where {most} may be.");
    }

    /// <summary>What the store did not take comes again, and counts once only.</summary>
    public void NoteFailed(Head head)
    {
        if (!storing.TryGetValue(head.Hash, out var failed) || failed.Times == 0)
            return;
        storing[head.Hash] = failed with { Times = failed.Times - 1 };
        taken[failed.Header.Log.Author] -= failed.Header.Weight;
    }

    /// <summary>What all of it takes in bytes goes by what is kept. Everything is looked at, so this is for the end.</summary>
    public void Weigh(Replicator replicator)
    {
        var kept = replicator.Count();
        var things = kept.Links + kept.Logs + kept.LinkedLogs + kept.Waiting + kept.Meters + kept.Deadlines;
        var bytes = HeapSize.Measure(replicator);
        SimulationFault.Check(bytes <= (things + Slack) * LargestThing, $"V1: {bytes} bytes are kept for {kept}.");
        run.Counts.MostBytes = Math.Max(run.Counts.MostBytes, bytes);
    }

    public void Look(Replicator replicator)
    {
        if (++steps % Every != 0)
            return;
        var kept = replicator.Count();
        var things = kept.Links + kept.Logs + kept.LinkedLogs;
        SimulationFault.Check(
            (ulong)kept.Logs <= run.LogsBegun && kept.LinkedLogs <= kept.Links * kept.Logs && kept.Meters <= run.Nodes.Count, $"V1: more is kept than there is: {kept}.");
        SimulationFault.Check(
            kept.Waiting <= 4 * things + run.Limits.CreditBudget / LogLimits.HeaderWeight + Slack && kept.Deadlines <= 4 * things + Slack, $"V1: more waits than there is: {kept}.");
        run.Counts.MostKept = Math.Max(run.Counts.MostKept, things + kept.Waiting + kept.Deadlines);
    }
}
