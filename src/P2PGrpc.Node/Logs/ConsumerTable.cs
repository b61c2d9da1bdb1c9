using Microsoft.Data.Sqlite;

namespace P2PGrpc.Node.Logs;

/// <summary>The named consumers' cursors.</summary>
internal static class ConsumerTable
{
    public static FeedCursor? Read(StoreConnection connection, string name)
    {
        using var row = connection.Bind("SELECT position, check_value FROM consumer WHERE name = $1", name).ExecuteReader();
        return row.Read() ? new FeedCursor(SegmentRow.ReadUnsigned(row, 0), SegmentRow.ReadUnsigned(row, 1)) : null;
    }
}

/// <summary>Moves a consumer's cursor. Only forward: an acknowledgement is cumulative.</summary>
internal sealed class ConsumerMove(string name, FeedCursor cursor) : WriteOperation
{
    public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = """
            INSERT INTO consumer (name, position, check_value) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET position = excluded.position, check_value = excluded.check_value
            WHERE excluded.position > position
            """;
        command.Parameters.AddWithValue("$1", name);
        command.Parameters.AddWithValue("$2", unchecked((long)cursor.Position));
        command.Parameters.AddWithValue("$3", unchecked((long)cursor.Check));
        command.ExecuteNonQuery();
    }
}
