using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Outbox;

/// <summary>An outbox among the services of its host.</summary>
public sealed class OutboxWiringTests
{
    [Fact]
    public async Task Connections_are_those_of_a_scope_and_end_with_it()
    {
        await using var node = await FakeNode.StartAsync();
        var open = 0;
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateScopes = true }));
        builder.Services.AddScoped(_ => new SqliteConnection($"Data Source={Path.Combine(node.Directory, "orders.db")};Pooling=False"));
        builder.Services.AddScoped(_ => new ScopeEnd(() => Interlocked.Decrement(ref open)));
        builder.Services.AddP2PGrpcClient(options => options.DataDirectory = node.Directory).AddOutbox(OutboxDialect.Sqlite, services =>
        {
            Assert.NotNull(services.GetRequiredService<ScopeEnd>());
            Interlocked.Increment(ref open);
            return services.GetRequiredService<SqliteConnection>();
        });
        using var host = builder.Build();
        var outbox = host.Services.GetRequiredService<MessageOutbox>();
        await using (var scope = host.Services.CreateAsyncScope())
        {
            var connection = scope.ServiceProvider.GetRequiredService<SqliteConnection>();
            await connection.OpenAsync();
            await using (DbCommand command = connection.CreateCommand())
            {
                command.CommandText = outbox.CreateTableSql;
                await command.ExecuteNonQueryAsync();
            }
            await using var transaction = await connection.BeginTransactionAsync();
            await outbox.AddAsync(transaction, "bob", "one");
            await transaction.CommitAsync();
        }
        await host.StartAsync();
        await Terminal.WaitAsync(() => node.Feed.Count == 1);
        await host.StopAsync();
        Assert.Equal(0, open);
    }

    /// <summary>The relays of both would work on one table.</summary>
    [Fact]
    public void A_client_has_one_outbox()
    {
        var services = new ServiceCollection();
        var client = services.AddP2PGrpcClient().AddOutbox(OutboxDialect.Sqlite, _ => new SqliteConnection());
        var fault = Assert.Throws<InvalidOperationException>(() => client.AddOutbox(OutboxDialect.Sqlite, _ => new SqliteConnection(), options => options.Table = "second"));
        Assert.Contains("has an outbox already", fault.Message);
        services.AddP2PGrpcClient("second", _ => { }).AddOutbox(OutboxDialect.Sqlite, _ => new SqliteConnection());
    }

    private sealed class ScopeEnd(Action ended) : IDisposable
    {
        public void Dispose() => ended();
    }
}
