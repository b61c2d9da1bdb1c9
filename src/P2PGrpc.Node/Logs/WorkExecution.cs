using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Replication;
using SQLitePCL;

namespace P2PGrpc.Node.Logs;

/// <summary>Carries out one piece of work inside the writer's transaction. What is to be told once it is on disk is added to the events.</summary>
internal static class WorkExecution
{
    public static void Apply(WriterSession open, StoreWork work, Refusals refusals, List<StoreEvent> events)
    {
        switch (work)
        {
            case AppendWork append:
                open.Appends.Append(append, events);
                break;
            case ReceivedWork received when received.Refusals < refusals.Count || refusals.Pending:
                // Its author wrote it after what was refused, perhaps: it must not be read before that.
                refusals.Pending = true;
                received.Refused = true;
                events.Add(new StoreEvent.Refused(received.Header.LogId, received.Header.Head, refusals.Last));
                break;
            case ReceivedWork received:
                events.Add(StoreReceived(open.Logs, received));
                break;
            case RepairWork { Header: var header } repair:
                var position = SegmentRepair.TryReplace(open.Connection, open.Logs, header, repair.Body.Body);
                events.Add(new StoreEvent.Repaired(header.LogId, header.Head, position, position is null ? StoreFailure.Mismatch : null));
                break;
            case ErasureWork erasure:
                open.Erasures.Erase(erasure, events);
                break;
            case ArrivalWork:
                open.Arrivals.Mark();
                break;
            case FreezeWork freeze:
                events.Add(new StoreEvent.Frozen(freeze.Log, open.Forks.Freeze(freeze)));
                break;
            case OperationWork operation:
                Execute(open.Connection, operation);
                break;
        }
    }

    private static StoreEvent StoreReceived(LogTable logs, ReceivedWork received)
    {
        var header = received.Header;
        var log = logs.Find(header.LogId);
        if (log is null && header.After == header.LogId.Empty)
            log = logs.Require(header.Log, header.LogId);
        if (log is null || log.Frozen || header.After != log.Head)
            return new StoreEvent.Refused(header.LogId, header.Head, StoreFailure.Mismatch);
        var body = received.Body?.Body;
        var position = logs.Insert(log, header, body);
        return new StoreEvent.Committed(new CommittedSegment(header, position, Own: false, Erased: body is null), body);
    }

    private static void Execute(StoreConnection connection, OperationWork work)
    {
        connection.Execute("SAVEPOINT operation");
        try
        {
            work.Operation.Execute(connection.Sqlite, connection.Transaction);
        }
        catch (Exception exception) when (IsOwnFault(exception))
        {
            connection.Execute("ROLLBACK TO operation");
            work.Fault = exception;
        }

        connection.Execute("RELEASE operation");
    }

    /// <summary>True for what an operation did wrong itself, false for what is wrong with the disk or the database.</summary>
    private static bool IsOwnFault(Exception exception) =>
        exception is not SqliteException sqlite
        || sqlite.SqliteErrorCode is raw.SQLITE_ERROR or raw.SQLITE_CONSTRAINT or raw.SQLITE_TOOBIG or raw.SQLITE_MISMATCH or raw.SQLITE_RANGE;
}
