using System.Data.Common;
using System.Globalization;
using Google.Rpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Outbox;

/// <summary>Two relays, as of two processes, at one table of a real PostgreSQL.</summary>
public sealed class PostgreSqlOutboxTests(PostgreSqlServer server) : IClassFixture<PostgreSqlServer>, IAsyncLifetime
{
    private readonly string schema = $"s{OutgoingMessage.NewMessageId()}";
    private readonly List<IHost> hosts = [];
    private FakeNode node = null!;

    private string Table => $"{schema}.outbox";

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(server.Database is null, $"There is no PostgreSQL: {server.Fault}");
        node = await FakeNode.StartAsync();
        await QueryAsync($"CREATE SCHEMA {schema}");
        // Both make the table, at one time.
        await Task.WhenAll(StartAsync(), StartAsync());
        await WaitForAsync(() => QueryAsync($"SELECT count(to_regclass('{Table}'))"), count => count == 1);
    }

    public async ValueTask DisposeAsync()
    {
        if (server.Database is null)
            return;
        foreach (var host in hosts)
        {
            await host.StopAsync();
            host.Dispose();
        }

        await QueryAsync($"DROP SCHEMA {schema} CASCADE");
        await node.DisposeAsync();
    }

    [Fact]
    public async Task One_at_a_time_sends_and_each_message_goes_once_and_in_order()
    {
        for (var round = 0; round < 20; round++)
            await AddAsync(hosts[round % 2], commit: true, [.. Enumerable.Range(round * 10, 10).Select(number => ("bob", OutgoingMessage.FromText($"{number}")))]);
        await AddAsync(hosts[0], commit: false, ("bob", OutgoingMessage.FromText("never")));
        await WaitForEmptyAsync();
        Assert.Equal(Enumerable.Range(0, 200).Select(number => $"{number}"), node.Peers.Sends.Select(send => send.Text));
    }

    [Fact]
    public async Task When_the_connection_of_the_one_that_sends_is_cut_all_still_goes_once_and_in_order()
    {
        var open = new TaskCompletionSource();
        node.Peers.Hold = open.Task;
        await AddAsync(hosts[0], commit: true, ("bob", OutgoingMessage.FromText("one")), ("bob", OutgoingMessage.FromText("two")), ("bob", OutgoingMessage.FromText("three")));
        await WaitForAsync(() => Task.FromResult((long)node.Peers.Sends.Count), count => count > 0);
        Assert.Equal(1, await QueryAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'"));
        open.SetResult();
        await WaitForEmptyAsync();
        Assert.Equal(["one", "two", "three"], node.Feed.Texts);
        Assert.InRange(node.Peers.Sends.Count, 4, int.MaxValue);
    }

    [Fact]
    public async Task Everything_of_a_message_goes_through_the_table_and_what_is_refused_is_noted_there()
    {
        node.Peers.RefusesMessage = send => send.To == "carol" ? FakePeerService.Refusal(Code.NotFound, "PEER_UNKNOWN", "carol is unknown")
            : send.Text == "bad" ? FakePeerService.Refusal(Code.InvalidArgument, "HEADERS", "bad is refused") : null;
        var message = OutgoingMessage.FromData(new byte[] { 0, 255, 7 }, "image/png") with { MessageId = "mine", Headers = new Dictionary<string, string> { ["a"] = "b\"c" } };
        await AddAsync(
            hosts[0], commit: true, ("carol", OutgoingMessage.FromText("waits")), ("bob", OutgoingMessage.FromText("bad")), ("bob", OutgoingMessage.FromText("ä🙂")), ("bob", message));
        await WaitForAsync(() => QueryAsync($"SELECT count(*) FROM {Table}"), count => count == 2);
        Assert.Equal(1, await QueryAsync($"SELECT count(*) FROM {Table} WHERE recipient = 'carol' AND refused = 0 AND error = 'carol is unknown'"));
        Assert.Equal(1, await QueryAsync($"SELECT count(*) FROM {Table} WHERE recipient = 'bob' AND refused = 1 AND error = 'bad is refused'"));
        var sent = node.Peers.Sends.Where(send => send.To == "bob").ToList();
        Assert.Equal(["bad", "ä🙂", ""], sent.Select(send => send.Text));
        Assert.Equal([0, 255, 7], sent[2].Data.ToByteArray());
        Assert.Equal(("image/png", "mine", "b\"c"), (sent[2].ContentType, sent[2].MessageId, sent[2].Headers["a"]));
    }

    private async Task StartAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.Services.AddP2PGrpcClient(options => options.DataDirectory = node.Directory).AddOutbox(
            OutboxDialect.PostgreSql, _ => new NpgsqlConnection(server.Database), options => (options.Table, options.PollInterval) = (Table, TimeSpan.FromMilliseconds(100)));
        hosts.Add(builder.Build());
        await hosts[^1].StartAsync();
    }

    private async Task AddAsync(IHost host, bool commit, params (string To, OutgoingMessage Message)[] messages)
    {
        await using var connection = await OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        foreach (var (to, message) in messages)
            await host.Services.GetRequiredService<MessageOutbox>().AddAsync(transaction, to, message);
        if (commit)
            await transaction.CommitAsync();
    }

    private async Task<DbConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(server.Database);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Runs a statement, and gives the number that it answers; 0 if it answers none.</summary>
    private async Task<long> QueryAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    private Task WaitForEmptyAsync() => WaitForAsync(() => QueryAsync($"SELECT count(*) FROM {Table}"), count => count == 0);

    private static async Task WaitForAsync(Func<Task<long>> readAsync, Func<long, bool> isDone)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!isDone(await readAsync()))
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
    }
}
