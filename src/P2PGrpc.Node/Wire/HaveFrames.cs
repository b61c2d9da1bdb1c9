using P2PGrpc.Core.Logs;
using P2PGrpc.Protocol;
using Head = P2PGrpc.Core.Logs.Head;
using LogHead = P2PGrpc.Core.Replication.LogHead;
using LogKey = P2PGrpc.Core.Logs.LogKey;

namespace P2PGrpc.Node.Wire;

/// <summary>Have on the wire: how far logs go at the teller. Pure.</summary>
internal static class HaveFrames
{
    /// <summary>Checks counts, sizes and ranges; an empty log's head must be its LogId.</summary>
    public static bool TryRead(Have message, out IReadOnlyList<LogHead> logs, out ulong? through, out string fault)
    {
        logs = [];
        through = message.HasThrough ? message.Through : null;
        fault = "";
        if (message.Logs.Count > FrameLimits.HaveLogs)
            fault = "a Have tells too many logs";
        else if (through >= FrameLimits.Position)
            fault = "a Have's position is out of range";
        if (fault.Length != 0)
            return false;
        var read = new LogHead[message.Logs.Count];
        for (var index = 0; index < read.Length; index++)
        {
            if (TryRead(message.Logs[index], out read[index]))
                continue;
            fault = "a log's head is malformed";
            return false;
        }

        logs = read;
        return true;
    }

    public static Frame Write(IReadOnlyList<LogHead> logs, ulong? through)
    {
        var message = new Have();
        if (through is { } position)
            message.Through = position;
        foreach (var (log, _, head) in logs)
            message.Logs.Add(new Protocol.LogHead { Log = SegmentCodec.Write(log), Head = SegmentCodec.Write(head) });
        return new Frame { Have = message };
    }

    private static bool TryRead(Protocol.LogHead message, out LogHead read)
    {
        read = default;
        if (!SegmentCodec.TryRead(message.Log, out LogKey log) || !SegmentCodec.TryRead(message.Head, out Head head))
            return false;
        var logId = log.ToLogId();
        read = new LogHead(log, logId, head);
        return IsPossible(head, logId);
    }

    /// <summary>An empty log has one head only.</summary>
    public static bool IsPossible(Head head, LogId logId) => head.Sequence != 0 || head == logId.Empty;
}
