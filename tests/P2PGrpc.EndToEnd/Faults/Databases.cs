using Microsoft.Data.Sqlite;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>Damages and reads databases of nodes that do not run.</summary>
internal static class Databases
{
    public static void Execute(string path, string sql)
    {
        using var connection = Open(path);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static long ReadNumber(string path, string sql)
    {
        using var connection = Open(path);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>Changes one byte of a blob in place, by SQL: SQLite notices nothing, as with a disk that does.</summary>
    public static void FlipBlob(string path, string table, string column, string where, int at)
    {
        using var connection = Open(path);
        using var read = connection.CreateCommand();
        read.CommandText = $"SELECT {column} FROM {table} WHERE {where}";
        var bytes = (byte[])read.ExecuteScalar()!;
        bytes[(at + bytes.Length) % bytes.Length] ^= 0x10;
        using var write = connection.CreateCommand();
        write.CommandText = $"UPDATE {table} SET {column} = $1 WHERE {where}";
        write.Parameters.AddWithValue("$1", bytes);
        write.ExecuteNonQuery();
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}
