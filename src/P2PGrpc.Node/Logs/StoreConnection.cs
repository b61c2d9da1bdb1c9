using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Files;
using SQLitePCL;

namespace P2PGrpc.Node.Logs;

/// <summary>A connection with its prepared commands and, on the writer's, the transaction that is open. Not thread-safe.</summary>
internal sealed class StoreConnection : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> commands = [];
    private SqliteTransaction? transaction;

    private StoreConnection(string path, SqliteOpenMode mode)
    {
        // Pooling would keep a closed connection open behind our back, and recovery relies on closing.
        var text = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false };
        Sqlite = new SqliteConnection(text.ToString());
        try
        {
            Sqlite.Open();
        }
        catch (SqliteException)
        {
            Sqlite.Dispose();
            throw;
        }
    }

    public SqliteConnection Sqlite { get; }

    /// <summary>Rows that this connection has written since it was opened.</summary>
    public int Changes => raw.sqlite3_total_changes(Sqlite.Handle);

    public SqliteTransaction Transaction => transaction ?? throw new InvalidOperationException("No transaction is open.");

    public static StoreConnection OpenWriter(string path) => new(path, SqliteOpenMode.ReadWriteCreate);

    public static StoreConnection OpenReader(string path)
    {
        var connection = new StoreConnection(NeverChanges(path) ? $"{new Uri(Path.GetFullPath(path)).AbsoluteUri}?immutable=1" : path, SqliteOpenMode.ReadOnly);
        try
        {
            connection.Execute("PRAGMA query_only = 1");
        }
        catch (SqliteException)
        {
            connection.Dispose();
            throw;
        }

        return connection;
    }

    /// <summary>SQLite would make a write-ahead log beside the database to read it, which a file system that can only be read refuses; it need not where nobody can change the database.</summary>
    private static bool NeverChanges(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory && DurableFiles.IsReadOnly(directory)
        && new FileInfo(path + DataFiles.WriteAheadLog) is not { Exists: true, Length: > 0 };

    public void Begin() => transaction = Sqlite.BeginTransaction();

    public void Commit()
    {
        Transaction.Commit();
        EndTransaction();
    }

    /// <summary>Rolls back what is open, if anything is.</summary>
    public void RollBack()
    {
        transaction?.Rollback();
        EndTransaction();
    }

    /// <summary>The command of this text, prepared once, with its parameters $1, $2 … set. Good until it is bound again.</summary>
    public SqliteCommand Bind(string sql, params ReadOnlySpan<object> values)
    {
        if (!commands.TryGetValue(sql, out var command))
        {
            command = Sqlite.CreateCommand();
            command.CommandText = sql;
            for (var index = 0; index < values.Length; index++)
                command.Parameters.Add(new SqliteParameter($"${index + 1}", values[index]));
            commands.Add(sql, command);
        }

        for (var index = 0; index < values.Length; index++)
            command.Parameters[index].Value = values[index];
        command.Transaction = transaction;
        return command;
    }

    public int Execute(string sql, params ReadOnlySpan<object> values) => Bind(sql, values).ExecuteNonQuery();

    public object? ReadScalar(string sql, params ReadOnlySpan<object> values) => Bind(sql, values).ExecuteScalar();

    public void Dispose()
    {
        foreach (var command in commands.Values)
            command.Dispose();
        transaction?.Dispose();
        Sqlite.Dispose();
    }

    private void EndTransaction()
    {
        transaction?.Dispose();
        transaction = null;
    }
}
