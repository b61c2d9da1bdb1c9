using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>Watches how often one node tells: of all that it tells on a link in one moment, one tell needs no reason. Each other one acknowledges a segment that the link
/// brought and that was not acknowledged yet, is the first word of a log, or says what is not sent any more because its Want ended; these go at once, and take along
/// what waits.</summary>
internal sealed class TellWatch(SimulationRun run)
{
    private readonly Dictionary<LinkId, TimeSpan> lastTold = [];
    private readonly HashSet<(LinkId, LogId)> told = [];
    private readonly Dictionary<(LinkId, LogId), SortedSet<ulong>> brought = [];
    private readonly HashSet<(LinkId, LogId)> touched = [];
    private readonly Dictionary<LinkId, bool> isDue = [];
    private readonly Dictionary<LinkId, (long Moment, int Tells)> counts = [];

    // What was repaired is told again at once, to those who may need it.
    private readonly bool isExempt = run.Options.Faults[FaultKind.Damage] is not null;

    /// <summary>A link brought a segment of a log: one tell there acknowledges it.</summary>
    public void NoteBrought(LinkId link, SegmentHeader header)
    {
        if (!brought.TryGetValue((link, header.LogId), out var sequences))
            brought.Add((link, header.LogId), sequences = []);
        sequences.Add(header.LastSequence);
    }

    /// <summary>In this step a Want of the log on the link began or ended, or may have: what it leaves is told.</summary>
    public void NoteWant(LinkId link, LogId log) => touched.Add((link, log));

    /// <summary>A frame of this step. A step's frames on one link are one tell.</summary>
    public void Note(ReplicatorOutput.SendHave have)
    {
        var due = isDue.GetValueOrDefault(have.Link) || !lastTold.TryGetValue(have.Link, out var last) || last + run.Limits.TellDelay <= run.Schedule.Now;
        foreach (var item in have.Logs)
            due |= Acknowledges(have.Link, item) | touched.Contains((have.Link, item.LogId)) | told.Add((have.Link, item.LogId));
        isDue[have.Link] = due;
    }

    private bool Acknowledges(LinkId link, LogHead item) =>
        brought.TryGetValue((link, item.LogId), out var sequences) && sequences.RemoveWhere(sequence => sequence <= item.Head.Sequence) > 0;

    public void EndStep()
    {
        foreach (var (link, due) in isDue)
        {
            SimulationFault.Check(due || isExempt, "Something was told that could have waited for the next moment.");
            lastTold[link] = run.Schedule.Now;
            Count(link);
        }

        isDue.Clear();
        touched.Clear();
    }

    private void Count(LinkId link)
    {
        var moment = run.Schedule.Now.Ticks / run.Limits.TellDelay.Ticks;
        var tells = counts.TryGetValue(link, out var last) && last.Moment == moment ? last.Tells + 1 : 1;
        counts[link] = (moment, tells);
        run.Counts.Tells++;
        run.Counts.TellMoments += tells == 1 ? 1 : 0;
        run.Counts.MostTells = Math.Max(run.Counts.MostTells, tells);
    }

    /// <summary>The link begins anew, or ends. What it brought is still to be acknowledged.</summary>
    public void Remove(LinkId link)
    {
        lastTold.Remove(link);
        told.RemoveWhere(one => one.Item1 == link);
    }

    public void Clear()
    {
        lastTold.Clear();
        told.Clear();
        brought.Clear();
        touched.Clear();
        counts.Clear();
    }

    /// <summary>What the node takes may be the other side's interest in a log.</summary>
    public void Note(ReplicatorInput input)
    {
        switch (input)
        {
            case ReplicatorInput.Want want:
                NoteWant(want.Link, want.LogId);
                break;
            case ReplicatorInput.Unwant unwant:
                NoteWant(unwant.Link, unwant.LogId);
                break;
            case ReplicatorInput.Refuse refuse:
                NoteWant(refuse.Link, refuse.LogId);
                break;
            case ReplicatorInput.Loaded loaded:
                NoteWant(loaded.Link, loaded.LogId);
                break;
            default:
                break;
        }
    }
}
