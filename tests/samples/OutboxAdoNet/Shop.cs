using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using P2PGrpc.Client;

namespace OutboxAdoNet;

/// <summary>Takes one order. Either it is in the database and the message goes out, or neither.</summary>
internal sealed class Shop(IServiceScopeFactory scopes, MessageOutbox outbox, IConfiguration configuration) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var connection = scope.ServiceProvider.GetRequiredService<SqliteConnection>();
        await connection.OpenAsync(stoppingToken);
        await ExecuteAsync(connection, null, "CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, article TEXT NOT NULL)", stoppingToken);
        await ExecuteAsync(connection, null, outbox.CreateTableSql, stoppingToken);

        await using var transaction = await connection.BeginTransactionAsync(stoppingToken);
        var number = await ExecuteAsync(connection, transaction, "INSERT INTO orders (article) VALUES ('a chair') RETURNING number", stoppingToken);
        await outbox.AddAsync(transaction, configuration["To"] ?? "self", new OrderPlaced((long)number!, "a chair"), stoppingToken);
        await transaction.CommitAsync(stoppingToken);
        Console.WriteLine($"order {number} is taken");
    }

    private static async Task<object?> ExecuteAsync(DbConnection connection, DbTransaction? transaction, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(cancellationToken);
    }
}
