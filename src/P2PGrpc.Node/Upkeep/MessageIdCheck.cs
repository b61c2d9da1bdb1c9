using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using SQLitePCL;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Looks whether each message_id is noted as that of the message which it was used for: a repetition is answered by what stands there.</summary>
/// <param name="connection">A reader's.</param>
/// <param name="logs">The logs, with their chains followed.</param>
/// <param name="tell">Told of each fault.</param>
internal sealed class MessageIdCheck(StoreConnection connection, IReadOnlyDictionary<long, ChainedLog> logs, Action<string> tell)
{
    private (long Log, ulong First, Protocol.Entry?[] Entries)? latest;

    public void Run(CancellationToken cancellationToken)
    {
        // In the order of the messages, so that each segment is read once, however many of its messages have an id.
        using var row = connection.Bind("SELECT message_id, conversation, content_hash, log, sequence FROM message_id ORDER BY log, sequence").ExecuteReader();
        while (row.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (FindFault(row, row.GetInt64(3), SegmentRow.ReadUnsigned(row, 4)) is { } fault)
                tell($"message_id '{row.GetString(0)}': {fault}");
        }
    }

    private string? FindFault(SqliteDataReader row, long id, ulong sequence)
    {
        // One that came meanwhile may be of a log that is newer than this look.
        if (!logs.TryGetValue(id, out var log))
            return connection.ReadScalar("SELECT 1 FROM log WHERE id = $1", id) is null ? $"its log {id} is not in the table of logs" : null;
        if (SegmentRow.ReadBytes32(row, 1) != log.Key.Conversation.Value)
            return $"its conversation is not that of its log {log.LogId}";
        if (sequence == 0 || (log.Head is { } head && head.Sequence < sequence
            && connection.ReadScalar("SELECT 1 FROM segment WHERE log = $1 AND first_sequence + count > $2 LIMIT 1", id, (long)sequence) is null))
            return $"it was used for sequence {sequence} of {log.LogId}, which is not here";
        return ReadContent(id, sequence) is { } content && SegmentRow.ReadBytes32(row, 2) != Hash(content)
            ? $"it does not fit the message that it was used for, sequence {sequence} of {log.LogId}"
            : null;
    }

    private static Bytes32 Hash(Protocol.Content content) => Bytes32.Read(SHA256.HashData((TraceHeaders.Without(content) ?? content.ToByteArray()).Span));

    /// <summary>Null where nothing is held any more, or what is held is damaged, which is told for the segment.</summary>
    private Protocol.Content? ReadContent(long log, ulong sequence)
    {
        if (latest is not { } segment || segment.Log != log || sequence < segment.First || sequence - segment.First >= (ulong)segment.Entries.Length)
            latest = ReadSegment(log, sequence);
        return latest is { } read && sequence - read.First < (ulong)read.Entries.Length ? read.Entries[sequence - read.First]?.Content : null;
    }

    private (long Log, ulong First, Protocol.Entry?[] Entries)? ReadSegment(long log, ulong sequence)
    {
        try
        {
            using var row = connection.Bind(
                $"SELECT {SegmentRow.Columns} FROM segment s WHERE log = $1 AND first_sequence <= $2 ORDER BY first_sequence DESC LIMIT 1", log, (long)sequence).ExecuteReader();
            return row.Read() && SegmentRow.ReadHeader(row) is { } header && SegmentRow.ReadBody(row, header) is { Erased: false } body
                ? (log, header.FirstSequence, SegmentBodyReader.Read(header, body.Bytes))
                : null;
        }
        catch (SqliteException damaged) when (damaged.SqliteErrorCode == raw.SQLITE_CORRUPT)
        {
            return null;
        }
    }
}
