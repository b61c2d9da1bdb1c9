using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>Watches how often one node tells: an acknowledgement, the first word of a log, and what is not sent any more because its Want ended go at once, and take
/// along what waits; all else goes at most once a link and moment.</summary>
internal sealed class TellWatch(SimulationRun run)
{
    private readonly Dictionary<LinkId, TimeSpan> lastTold = [];
    private readonly HashSet<(LinkId, LogId)> told = [];
    private readonly Dictionary<(LinkId, LogId), ulong> brought = [];
    private readonly HashSet<(LinkId, LogId)> touched = [];
    private readonly Dictionary<LinkId, bool> isDue = [];

    // What was repaired is told again at once, to those who may need it.
    private readonly bool isExempt = run.Options.Faults[FaultKind.Damage] is not null;

    /// <summary>A link brought a segment of a log: until one that goes as far is told there, that acknowledges.</summary>
    public void NoteBrought(LinkId link, SegmentHeader header) =>
        brought[(link, header.LogId)] = Math.Max(header.LastSequence, brought.GetValueOrDefault((link, header.LogId)));

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

    private bool Acknowledges(LinkId link, LogHead item)
    {
        if (!brought.TryGetValue((link, item.LogId), out var sequence))
            return false;
        if (item.Head.Sequence >= sequence)
            brought.Remove((link, item.LogId));
        return true;
    }

    public void EndStep()
    {
        foreach (var (link, due) in isDue)
        {
            SimulationFault.Check(due || isExempt, "Something was told that could have waited for the next moment.");
            lastTold[link] = run.Schedule.Now;
        }

        isDue.Clear();
        touched.Clear();
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
