using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using LogHead = P2PGrpc.Core.Replication.LogHead;

namespace P2PGrpc.Node.Links;

/// <summary>What waits to be written on one link: small frames first, then the answer to a look ahead, segments, then ephemeral messages. Tells are merged and credit is
/// summed while they wait, so a slow writer makes fewer frames, not longer queues. Thread-safe; adding never blocks.</summary>
internal sealed class LinkOutbound(WaitingFrames all)
{
    private readonly Lock gate = new();
    private readonly Signal ready = new();
    private readonly Signal room = new();
    private readonly Queue<Frame> small = new();
    private readonly Queue<(Frame Frame, int Weight)> segments = new();
    private readonly EphemeralQueue ephemeral = new();
    // The answer to the other side's last look ahead. It goes before segments: who looks waits for it, and segments may wait for long.
    private Frame? recalled;
    // The newest head of each log that waits, and the logs in the order of telling: what is told first is wanted and sent first.
    private readonly Dictionary<LogId, LogHead> heads = [];
    private readonly Queue<LogId> told = new();
    private ulong? through;
    private long credit;
    private long segmentBytes;
    private Frame? goodbye;
    private Frame? pong;
    private bool dropped;

    /// <summary>False if the peer lets frames pile up: the link is to be closed.</summary>
    public bool TryAdd(Frame frame)
    {
        lock (gate)
        {
            if (dropped || !all.TryAdd(small.Count))
                return false;
            small.Enqueue(frame);
        }

        ready.Set();
        return true;
    }

    /// <summary>One answer to a ping waits at most: only the last one tells anything.</summary>
    public void SetPong(Frame frame)
    {
        lock (gate)
            pong = frame;
        ready.Set();
    }

    public void AddHave(IReadOnlyList<LogHead> logs, ulong? toldThrough)
    {
        lock (gate)
        {
            foreach (var log in logs)
            {
                if (!heads.ContainsKey(log.LogId))
                    told.Enqueue(log.LogId);
                heads[log.LogId] = log;
            }

            through = toldThrough ?? through;
        }

        ready.Set();
    }

    public void AddCredit(long bytes)
    {
        lock (gate)
            credit += bytes;
        ready.Set();
    }

    public void AddSegments(Frame frame, int weight)
    {
        lock (gate)
        {
            segments.Enqueue((frame, weight));
            segmentBytes += weight;
        }

        ready.Set();
    }

    /// <summary>One answer to a look ahead waits at most: a newer one takes its place.</summary>
    public void SetRecalled(Frame frame)
    {
        lock (gate)
            recalled = frame;
        ready.Set();
    }

    /// <summary>False, and nothing kept, if too much is waiting.</summary>
    public bool TryAddEphemeral(EphemeralBody body)
    {
        lock (gate)
        {
            if (!ephemeral.TryAdd(body))
                return false;
        }

        ready.Set();
        return true;
    }

    /// <summary>The last frame. Small frames that wait still go before it, segments don't: they will be wanted again.</summary>
    public void Finish(Frame last)
    {
        lock (gate)
            goodbye ??= last;
        ready.Set();
    }

    /// <summary>The next frame to write; null once the goodbye is out. Waits for one.</summary>
    public async ValueTask<Frame?> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (gate)
            {
                if (TryTake(out var frame))
                    return frame;
                if (goodbye is { } last)
                {
                    // A second call comes only after the goodbye went out: it ends the writer.
                    goodbye = Ended;
                    return last == Ended ? null : last;
                }
            }

            await ready.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>True if there is room for segments.</summary>
    public bool HasRoom => Interlocked.Read(ref segmentBytes) < LinkLimits.WaitingSegmentBytes;

    /// <summary>Completes when there is room for segments again. For one waiter.</summary>
    public async ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        while (!HasRoom)
            await room.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static readonly Frame Ended = new();

    /// <summary>A position counts what was sent as told: it may never overtake the segments that it covers, nor go out when they are dropped.</summary>
    private bool IsThroughDue => through is not null && segments.Count == 0;

    private bool TryTake(out Frame frame)
    {
        if (pong is not null)
        {
            (frame, pong) = (pong, null);
            return true;
        }

        if (small.TryDequeue(out frame!))
        {
            all.Remove(1);
            return true;
        }

        if (credit > 0)
        {
            frame = TransientFrames.WriteCredit(credit);
            credit = 0;
            return true;
        }

        if (heads.Count > 0 || IsThroughDue)
        {
            frame = TakeHave();
            return true;
        }

        if (goodbye is not null)
            return false;
        if (recalled is not null)
        {
            (frame, recalled) = (recalled, null);
            return true;
        }

        if (segments.TryDequeue(out var segment))
        {
            segmentBytes -= segment.Weight;
            room.Set();
            frame = segment.Frame;
            return true;
        }

        frame = ephemeral.Take()!;
        return frame is not null;
    }

    /// <summary>The link is gone: what waits is dropped, and nothing more is taken.</summary>
    public void Drop()
    {
        lock (gate)
        {
            dropped = true;
            all.Remove(small.Count);
            small.Clear();
        }
    }

    /// <summary>One Have of at most a frame's worth; the position goes with the last of them only, when all that it covers is out.</summary>
    private Frame TakeHave()
    {
        var items = new List<LogHead>(Math.Min(told.Count, ReplicatorLimits.DefaultHaveItems));
        while (items.Count < ReplicatorLimits.DefaultHaveItems && told.TryDequeue(out var logId))
        {
            heads.Remove(logId, out var head);
            items.Add(head);
        }

        if (told.Count > 0 || !IsThroughDue)
            return HaveFrames.Write(items, null);
        var last = HaveFrames.Write(items, through);
        through = null;
        return last;
    }
}
