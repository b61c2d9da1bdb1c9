using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace P2PGrpc.Node.Logs;

/// <summary>Finds the way around pages of the database that are no pages any more.</summary>
internal static class UnreadablePages
{
    /// <summary>The first position behind an unreadable one from which reading goes on; the one behind the last if there is none. Between two unreadable pages that lie
    /// close together something readable may be passed over.</summary>
    /// <param name="connection">A reader's.</param>
    /// <param name="unreadable">Where reading failed.</param>
    /// <param name="last">The end of the feed.</param>
    public static ulong FindBehind(StoreConnection connection, ulong unreadable, ulong last)
    {
        var (failing, reading, step) = (unreadable, last + 1, 1ul);
        while (failing + step <= last)
        {
            if (CanRead(connection, failing + step))
            {
                reading = failing + step;
                break;
            }

            failing += step;
            step *= 2;
        }

        while (reading - failing > 1)
        {
            var middle = failing + ((reading - failing) / 2);
            if (CanRead(connection, middle))
                reading = middle;
            else
                failing = middle;
        }

        return reading > last ? reading : (ulong)(FindNext(connection, reading) ?? (long)last + 1);
    }

    private static bool CanRead(StoreConnection connection, ulong from)
    {
        try
        {
            FindNext(connection, from);
            return true;
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == raw.SQLITE_CORRUPT)
        {
            return false;
        }
    }

    private static long? FindNext(StoreConnection connection, ulong from) =>
        connection.ReadScalar("SELECT position FROM segment WHERE position >= $1 ORDER BY position LIMIT 1", (long)from) as long?;
}
