using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;

namespace P2PGrpc.Node.Upkeep;

/// <summary>A row of the segment table as far as it could be read.</summary>
/// <param name="Position">Its position.</param>
/// <param name="Log">The local id of its log.</param>
/// <param name="Count">How many entries it has, by its columns.</param>
/// <param name="Header">Its header; null if that is not what was stored.</param>
/// <param name="Head">The head that its log has behind it; null if that can't be told.</param>
/// <param name="BodyHolds">True if the body, or the mark that it was erased, belongs to the header.</param>
/// <param name="Erased">True if only the header is left.</param>
internal sealed record VerifiedRow(ulong Position, long Log, ulong Count, SegmentHeader? Header, Head? Head, bool BodyHolds, bool Erased);

/// <summary>Follows each log's chain through the feed. Rows come in order of position.</summary>
/// <param name="self">Whose database it is; null if that is not known.</param>
/// <param name="tell">Told of each fault.</param>
internal sealed class ChainCheck(PeerId? self, Action<string> tell)
{
    private readonly Dictionary<long, ChainedLog> logs = [];
    private ulong next = 1;

    /// <summary>The logs by their local ids.</summary>
    public IReadOnlyDictionary<long, ChainedLog> Logs => logs;

    /// <summary>A row of the log table.</summary>
    public void AddLog(long id, LogId logId, LogKey key, bool frozen)
    {
        if (key.ToLogId() != logId)
            tell($"log {logId}: its id does not follow from its conversation, author and epoch");
        logs[id] = new ChainedLog(logId, key, frozen);
    }

    /// <summary>What lies between was told already: the rows there could not be read.</summary>
    public void Skip(ulong position) => next = position;

    public void Add(VerifiedRow row)
    {
        if (row.Position != next)
            tell(row.Position > next
                ? $"positions {next} to {row.Position - 1} are missing"
                : $"position {row.Position} lies within the segment before it");
        next = row.Position + Math.Max(1, row.Count);
        if (!logs.TryGetValue(row.Log, out var log))
        {
            tell($"position {row.Position}: its log {row.Log} is not in the table of logs");
            return;
        }

        if (row.Header is { } header)
            Follow(row, header, log);
        else
            tell($"position {row.Position}: the header is damaged");
        if (row.Header is not null && !row.BodyHolds)
            tell($"position {row.Position}: the body is damaged");
        log.Head = row.Head;
    }

    private void Follow(VerifiedRow row, SegmentHeader header, ChainedLog log)
    {
        if (header.LogId != log.LogId)
            tell($"position {row.Position}: the segment belongs to another log, {header.LogId}");
        else if (log.Head is { } head && header.After != head)
            tell($"position {row.Position}: the segment does not follow sequence {head.Sequence} of its log {log.LogId}");
        if (header.FirstSequence == 1 && self is { } own && header.Log.Author != own
            && header.Log.Conversation != ConversationId.Direct(own, header.Log.Author) && !RoomAdmission.IsGiven(header))
            tell($"position {row.Position}: {header.Log.Author} has no right to write in the conversation {header.Log.Conversation}");
    }
}

/// <summary>A log while its chain is followed.</summary>
internal sealed class ChainedLog(LogId logId, LogKey key, bool frozen)
{
    public LogId LogId { get; } = logId;

    public LogKey Key { get; } = key;

    public bool Frozen { get; } = frozen;

    /// <summary>Where it ends so far; null behind a segment whose place can't be told.</summary>
    public Head? Head { get; set; } = logId.Empty;
}
