using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace P2PGrpc.Client;

/// <summary>The SQL of an outbox. Its statements run on connections and in transactions that are given.</summary>
internal sealed class OutboxTable(OutboxDialect dialect, string table)
{
    public string CreateSql => dialect switch
    {
        OutboxDialect.PostgreSql => $"""
            CREATE TABLE IF NOT EXISTS {table} (
                sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                message_id TEXT NOT NULL UNIQUE,
                recipient TEXT NOT NULL,
                content_type TEXT NOT NULL,
                body BYTEA NOT NULL,
                headers TEXT NOT NULL,
                refused INTEGER NOT NULL DEFAULT 0,
                error TEXT NULL
            )
            """,
        _ => $"""
            CREATE TABLE IF NOT EXISTS {table} (
                sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                message_id TEXT NOT NULL UNIQUE,
                recipient TEXT NOT NULL,
                content_type TEXT NOT NULL,
                body BLOB NOT NULL,
                headers TEXT NOT NULL,
                refused INTEGER NOT NULL DEFAULT 0,
                error TEXT NULL
            )
            """,
    };

    public async Task CreateAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        // PostgreSQL fails where two processes make the same table at one time, in spite of IF NOT EXISTS. Both statements are one transaction.
        var alone = dialect == OutboxDialect.PostgreSql ? $"SELECT pg_advisory_xact_lock(hashtext('{table}')); " : "";
        await using var command = CreateCommand(connection, null, alone + CreateSql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Whether this process may send now. The lock ends with the transaction, or with the connection.</summary>
    public async Task<bool> TryLockAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = CreateCommand(connection, transaction, "SELECT pg_try_advisory_xact_lock(hashtext(@name))", ("@name", table));
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    public async Task AddAsync(DbTransaction transaction, string to, OutgoingMessage message, CancellationToken cancellationToken)
    {
        var connection = transaction.Connection ?? throw new ArgumentException("The transaction has ended.", nameof(transaction));
        var headers = JsonSerializer.Serialize(new Dictionary<string, string>(message.Headers), OutboxHeaders.Default.DictionaryStringString);
        var body = message.Text is null ? message.Data.ToArray() : Encoding.UTF8.GetBytes(message.Text);
        await using var command = CreateCommand(
            connection, transaction,
            $"INSERT INTO {table} (message_id, recipient, content_type, body, headers) VALUES (@message_id, @recipient, @content_type, @body, @headers)",
            ("@message_id", message.MessageId!), ("@recipient", to), ("@content_type", message.ContentType), ("@body", body), ("@headers", headers));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The oldest messages, but for those to some recipients.</summary>
    public async Task<List<OutboxRow>> ReadAsync(
        DbConnection connection, DbTransaction? transaction, IReadOnlyList<string> without, int most, CancellationToken cancellationToken)
    {
        var names = without.Select((_, index) => string.Create(CultureInfo.InvariantCulture, $"@r{index}")).ToList();
        var others = names.Count == 0 ? "" : $" AND recipient NOT IN ({string.Join(", ", names)})";
        await using var command = CreateCommand(
            connection, transaction,
            string.Create(CultureInfo.InvariantCulture, $"SELECT sequence, recipient, message_id, content_type, body, headers FROM {table} WHERE refused = 0{others} ORDER BY sequence LIMIT {most}"),
            [.. names.Zip(without, (name, recipient) => (name, (object)recipient))]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<OutboxRow>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(OutboxRow.Read(reader.GetInt64(0), reader.GetValue(1), reader.GetValue(2), reader.GetValue(3), reader.GetValue(4), reader.GetValue(5)));
        return rows;
    }

    public async Task DeleteAsync(DbConnection connection, DbTransaction? transaction, IReadOnlyList<long> sequences, CancellationToken cancellationToken)
    {
        if (sequences.Count == 0)
            return;
        await using var command = CreateCommand(connection, transaction, $"DELETE FROM {table} WHERE sequence IN ({string.Join(", ", sequences)})");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Notes why a message could not be sent, and whether it is not to be tried again.</summary>
    public async Task NoteAsync(
        DbConnection connection, DbTransaction? transaction, long sequence, string error, bool refused, CancellationToken cancellationToken)
    {
        await using var command = CreateCommand(
            connection, transaction, $"UPDATE {table} SET error = @error, refused = {(refused ? 1 : 0)} WHERE sequence = @sequence",
            ("@error", BoundedText.Cut(error, ClientLimits.ErrorBytes)), ("@sequence", sequence));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static DbCommand CreateCommand(DbConnection connection, DbTransaction? transaction, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
