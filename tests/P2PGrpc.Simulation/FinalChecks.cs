using System.Globalization;
using P2PGrpc.Checkers;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Simulation;

/// <summary>What must hold once everything is healed.</summary>
internal sealed class FinalChecks(SimulationRun run)
{
    /// <summary>What may travel again however little was written: a share of little is less than what is on its way at one time.</summary>
    private const int FewSegments = 30;

    private readonly bool restores = run.Options.Faults[FaultKind.Restore] is not null;
    private readonly bool damage = run.Options.Faults[FaultKind.Damage] is not null;

    /// <summary>What a node holds of a conversation, in the order in which a subscription reads it.</summary>
    public static IEnumerable<string> ReadMessages(VirtualNode node, ConversationId conversation) =>
        ReadEntries(node, conversation).Select(entry => entry.Message);

    /// <summary>What keeps the nodes from having converged: members of a conversation hold different things, something is damaged, or a client waits. Null: nothing.</summary>
    public string? FindDifference()
    {
        if (run.Clients.FirstOrDefault(client => !client.Idle && !client.Node.IsHostile) is { } waiting)
            return $"a client of node {waiting.Node.Index} waits";
        foreach (var node in run.Honest)
        {
            if (node.Disk.Feed.Find(segment => segment.Damaged) is { } damaged)
                return $"position {damaged.LastPosition} of node {node.Index} is damaged";
        }

        foreach (var (conversation, members) in HonestMembers())
        {
            foreach (var log in LogsOf(conversation).Where(log => !IsFlooded(log)))
            {
                // S4: where a log forked, all who are honest froze it, and nobody but they.
                if (members.TrueForAll(member => member.Disk.IsFrozen(log) && HoldsTheBeginning(member, log)))
                    continue;
                var heads = members.Select(member => (member.Index, member.Disk.HeadOf(log).Sequence, Hash: member.Disk.HeadOf(log).Hash.Prefix)).ToList();
                if (heads.Exists(head => head.Hash != heads[0].Hash) || members.Exists(member => member.Disk.IsFrozen(log)))
                    return $"log {log} ends at " + string.Join(", ", members.Zip(heads).Select(
                        one => $"{one.Second.Sequence} {one.Second.Hash:x8} at node {one.Second.Index}{(one.First.Disk.IsFrozen(log) ? " frozen" : "")}"));
            }
        }

        return null;
    }

    /// <summary>What was written before the fork is there to be read.</summary>
    private bool HoldsTheBeginning(VirtualNode member, LogId log) => member.Disk.HeadOf(log).Sequence >= run.Ledger.ForkOf(log);

    private IEnumerable<(ConversationId Conversation, List<VirtualNode> Members)> HonestMembers() =>
        run.Network.Conversations().Select(one => (one.Conversation, one.Members.Where(member => !member.IsHostile).ToList()));

    /// <summary>Of a member that floods each holds what its quota lets in.</summary>
    private bool IsFlooded(LogId log) => run.Options.Flooders > 0 && run.Nodes.Any(
        node => node.Disk.Read(log) is [var first, ..] && run.Nodes.Any(other => other.IsFlooder && other.PeerId == first.Header.Log.Author));

    public void Check()
    {
        if (FindDifference() is { } difference)
            throw new SimulationFault($"L1: faults ended long ago, and {difference}.");
        foreach (var (conversation, members) in HonestMembers())
        {
            foreach (var log in LogsOf(conversation))
                CheckCopies(log, members);
            foreach (var member in members)
            {
                CheckMessages(member, conversation);
                CheckQuota(member);
            }
        }

        CheckCost();
        SimulationFault.Check(run.Options.HasTwin || run.Counts.ForkProofs == 0, "S4: nobody forked, and somebody was accused.");
    }

    private static IEnumerable<(string Message, LogId Log)> ReadEntries(VirtualNode node, ConversationId conversation) =>
        from segment in node.Disk.Feed
        where segment.Header.Log.Conversation == conversation && segment.Body is not null
        from entry in SegmentBodyReader.Read(segment.Header, segment.Body!)
        select (VirtualDraft.ReadName(entry.Content.Text), segment.Header.LogId);

    private List<LogId> LogsOf(ConversationId conversation) => run.Nodes
        .SelectMany(node => node.Disk.Logs.Where(log => node.Disk.Read(log)[0].Header.Log.Conversation == conversation))
        .Distinct().ToList();

    /// <summary>K2. Signatures are checked as segments arrive (one in sixteen), because they cost the most.</summary>
    private void CheckCopies(LogId log, List<VirtualNode> members)
    {
        var isForked = members.Exists(member => member.Disk.IsFrozen(log));
        if (isForked)
            run.Counts.Frozen++;

        // Beyond the fork each keeps the branch that it met first.
        var fork = isForked ? run.Ledger.ForkOf(log) : ulong.MaxValue;
        var copies = members
            .Select(member => member.Disk.Read(log).TakeWhile(segment => segment.Header.LastSequence <= fork).Select(segment => (segment.Header, segment.Body)).ToList())
            .ToList();
        if (IsFlooded(log))
            copies = [copies.MaxBy(copy => copy.Count)!, .. copies];
        foreach (var copy in copies)
            Check("S1, S2", ChainChecker.Find(log, copy, signatures: false).Concat(ChainChecker.Compare(copies[0], copy)));
    }

    /// <summary>V1: whatever somebody writes, each holds only so much of it.</summary>
    private void CheckQuota(VirtualNode node)
    {
        if (run.Options.AuthorBytes is not { } most)
            return;
        foreach (var author in node.Disk.Feed.Where(segment => segment.Header.Log.Author != node.PeerId).GroupBy(segment => segment.Header.Log.Author))
            SimulationFault.Check(
                author.Sum(segment => (long)(segment.Body is null ? segment.Header.BareWeight : segment.Header.Weight)) <= most, $"V1: node {node.Index} holds more of one author than {most} bytes.");
    }

    /// <summary>True if the message is of a node that keeps to the rules.</summary>
    private bool IsHonest(string message) => !run.Nodes[int.Parse(message[..message.IndexOf('>', StringComparison.Ordinal)], CultureInfo.InvariantCulture)].IsHostile;

    /// <summary>K1 and K3. A node whose copy is damaged passes on what came after it first, and a restored node gets back its newest log before an older one: there
    /// each log is in order for itself.</summary>
    private void CheckMessages(VirtualNode node, ConversationId conversation)
    {
        var erased = FindErased(node, conversation);
        var read = ReadEntries(node, conversation).ToList();
        Check($"D1, S1 at node {node.Index}", SetChecker.Find(
            run.Ledger.AttemptedIn(conversation), run.Ledger.AcceptedIn(conversation).Except(erased), read.Select(entry => entry.Message)));
        read.RemoveAll(entry => !IsHonest(entry.Message));
        var parsed = read.Select(entry => (entry.Log, Message: OrderChecker.Parse(entry.Message))).ToList();
        if (!damage && !restores)
            Check($"S5 at node {node.Index}", OrderChecker.Find(parsed.Select(entry => entry.Message)));
        else
            Check($"S5 at node {node.Index}", OrderChecker.Find(parsed.Select(entry => ($"{entry.Log} {entry.Message.Source}", entry.Message.Number))));
        var doubled = read.GroupBy(entry => entry.Message).FirstOrDefault(group => group.Count() > 1);
        SimulationFault.Check(doubled is null, $"D3: {doubled?.Key} is held twice by node {node.Index}.");
    }

    /// <summary>Honest messages of which a node holds the headers only. That somebody has erased them is checked when such a header is stored.</summary>
    private HashSet<string> FindErased(VirtualNode node, ConversationId conversation)
    {
        var erased = new HashSet<string>(StringComparer.Ordinal);
        foreach (var segment in node.Disk.Feed.Where(segment => segment.Header.Log.Conversation == conversation && segment.Body is null
            && !run.IsHostile(segment.Header.Log.Author)))
            erased.UnionWith(run.Ledger.WrittenIn(segment.Header.Hash));
        return erased;
    }

    /// <summary>Without faults each segment travels once to each member that is not its author; only in a room whose links are slower than the
    /// stall rule's patience may a change of pusher repeat some, and where the budget is scarce what comes by credit that was taken back. With faults, what was under way
    /// travels again: at most a window for each fault and link. In a room that is little: a tenth of all without faults, and as much again with some, or where the budget is scarce.
    /// After an old database was put back, all that came after it travels again.</summary>
    private void CheckCost()
    {
        var options = run.Options;
        var needed = run.Nodes.Sum(node => node.Disk.Feed.Count(
            segment => segment.LastPosition > node.CopiedThrough && segment.Header.Log.Author != node.PeerId && !run.IsHostile(segment.Header.Log.Author)));
        run.Counts.SegmentsNeeded = needed;
        run.Counts.HostileSegmentsTaken = run.Nodes.Sum(node => node.Disk.Feed.Count(
            segment => segment.LastPosition > node.CopiedThrough && segment.Header.Log.Author != node.PeerId && run.IsHostile(segment.Header.Log.Author)));
        if (restores)
            return;
        var repeated = run.Counts.SegmentsSent - needed;
        var window = (int)(options.LinkCredit / LogLimits.HeaderWeight) + 1;

        // How long the last of the authors may wait for its turn, where the window holds only some of them.
        var turns = Math.Max(1, options.Nodes * (long)(options.LargestBody + SimulationOptions.Overhead) / options.LinkCredit);
        // A twin's copy may stand ahead of what comes the long way round, and a flood takes up its part of each window.
        var slow = options.IsScarce || options.HasTwin || options.Flooders > 0 || (options.LatestLatency * 4 + options.SlowestCommit * 2) * turns > run.Limits.StallTime;
        var faults = run.Counts.Faults.Values.Sum();
        var bound = options.IsTroubled ? needed + faults * window * options.Nodes : options.IsScarce || (options.Room && slow) ? needed : 0;
        if (options.Topology is not (Topology.Pairs or Topology.Random))
            bound = Math.Min(bound, (options.IsTroubled ? needed : needed / 10) + (options.IsScarce ? needed : 0) + FewSegments);
        SimulationFault.Check(repeated >= 0 && repeated <= bound, $"{repeated} segments travelled again, where {bound} may.");
    }

    private static void Check(string promise, IEnumerable<string> faults)
    {
        if (faults.FirstOrDefault() is { } fault)
            throw new SimulationFault($"{promise}: {fault}");
    }
}
