namespace P2PGrpc.Simulation;

/// <summary>Makes things go wrong, at the rates of a run's options, until all is healed.</summary>
internal sealed class FaultInjector(SimulationRun run)
{
    private static readonly TimeSpan LargestJump = TimeSpan.FromDays(400);

    private readonly Dictionary<VirtualNode, VirtualDisk> backups = [];

    private Random Random => run.Random;

    public void Plan(TimeSpan end)
    {
        foreach (var kind in Enum.GetValues<FaultKind>())
        {
            if (run.Options.Faults[kind] is not { } mean)
                continue;
            for (var time = Draw(mean); time < end; time += Draw(mean))
                run.Schedule.At(time, () => Strike(kind));
        }
    }

    /// <summary>Ends all that lasts.</summary>
    public void Heal()
    {
        foreach (var node in run.Nodes)
        {
            node.DiskFull = false;
            node.FlushError = null;
            node.ReadError = false;
            node.Join(true);
            Start(node);
        }

        run.Network.Heal();
    }

    private TimeSpan Draw(TimeSpan mean) => mean * (Random.NextDouble() * 2) + TimeSpan.FromMilliseconds(1);

    private TimeSpan DrawTime(int least, int most) => TimeSpan.FromMilliseconds(Random.Next(least, most));

    private void Strike(FaultKind kind)
    {
        run.Counts.Faults[kind] = run.Counts.Faults.GetValueOrDefault(kind) + 1;
        var node = run.Nodes[Random.Next(run.Nodes.Count)];
        switch (kind)
        {
            case FaultKind.Crash:
                Crash(node);
                break;
            case FaultKind.Partition:
                run.Network.Cut(DrawTime(1, 5000));
                break;
            case FaultKind.FullDisk:
                node.DiskFull = true;
                run.Schedule.After(DrawTime(1, 2500), () => node.DiskFull = false);
                break;
            case FaultKind.FlushError:
                node.FlushError = Random.Next(2) == 0;
                break;
            case FaultKind.ReadError:
                node.ReadError = true;
                break;
            case FaultKind.DoubleDial:
                run.Network.DialAnother();
                break;
            case FaultKind.Leave:
                node.Join(false);
                run.Schedule.After(DrawTime(1, 3000), () => node.Join(true));
                break;
            case FaultKind.ClockJump:
                node.ClockOffset = LargestJump * (2 * Random.NextDouble() - 1);
                break;
            case FaultKind.Damage:
                Damage(node);
                break;
            case FaultKind.Erase:
                Erase(node);
                break;
            case FaultKind.Restore:
                BackUpOrRestore(node);
                break;
            default:
                StrikeLink(kind);
                break;
        }
    }

    private void StrikeLink(FaultKind kind)
    {
        if (run.Network.Pick() is not var (link, side))
            return;
        if (kind == FaultKind.Break)
            link.Break();
        else if (kind == FaultKind.Stall)
            link.Stall(side, DrawTime(100, 4000));
        else
            link.Mute(side, DrawTime(2000, (int)SimulationRun.LongestKeepAlive.TotalMilliseconds));
    }

    private void Crash(VirtualNode node)
    {
        if (!node.Up)
            return;
        run.Network.BreakAll(node);
        node.Crash();
        foreach (var client in run.Clients.Where(client => client.Node == node))
            client.OnCrash();
        run.Schedule.After(DrawTime(1, 2000), () => Start(node));
    }

    private void Start(VirtualNode node)
    {
        if (node.Up)
            return;
        node.Start();
        run.Network.DialAll(node);
    }

    /// <summary>Flips bits of a segment that a neighbour holds whole: where nobody holds it, nobody can give it back.</summary>
    private void Damage(VirtualNode node)
    {
        var feed = node.Disk.Feed;
        if (feed.Count == 0)
            return;
        var segment = feed[Random.Next(feed.Count)];
        var (log, first) = (segment.Header.LogId, segment.Header.FirstSequence);
        var others = run.Nodes.Where(other => other != node).Select(other => (Node: other, Held: other.Disk.Find(log, first))).ToList();
        if (others.Exists(other => other.Held is { Damaged: true }))
            return;
        if (others.Exists(other => other.Held?.Header.Hash == segment.Header.Hash && run.Network.AreNeighbours(node, other.Node)))
            segment.Damaged = true;
    }

    /// <summary>Erases mostly the oldest, as retention does, and now and then anything.</summary>
    public void Erase(VirtualNode node)
    {
        var feed = node.Disk.Feed;
        var from = Random.Next(3) == 0 ? Random.Next(feed.Count + 1) : 0;
        foreach (var segment in feed.Skip(from).Take(Random.Next(1, feed.Count / 2 + 2)))
        {
            if (segment.Header.Log.Author != node.PeerId || node.Disk.Acknowledged.GetValueOrDefault(segment.Header.LogId) >= segment.Header.LastSequence)
                segment.EraseHere();
        }
    }

    private void BackUpOrRestore(VirtualNode node)
    {
        if (!backups.Remove(node, out var backup))
        {
            backups.Add(node, node.Disk.Copy());
            return;
        }

        Crash(node);
        node.PutBack(backup);
        run.Ledger.Forfeit(conversation => run.Nodes.SelectMany(other => FinalChecks.ReadMessages(other, conversation)).ToHashSet(StringComparer.Ordinal));
        foreach (var client in run.Clients.Where(client => client.Node == node))
            client.GiveUp();
    }
}
