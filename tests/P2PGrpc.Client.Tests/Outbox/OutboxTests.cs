using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Google.Rpc;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Outbox;

public sealed class OutboxTests : IAsyncLifetime
{
    private FakeNode node = null!;

    public async ValueTask InitializeAsync() => node = await FakeNode.StartAsync();

    public async ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        await node.DisposeAsync();
    }

    [Fact]
    public async Task What_is_committed_is_sent_once_and_what_is_rolled_back_never_is()
    {
        using var host = await StartAsync();
        await AddAsync(host, commit: true, ("bob", "one"), ("bob", "two"));
        await AddAsync(host, commit: false, ("bob", "never"));
        await AddAsync(host, commit: true, ("carol", "three"));
        await WaitForEmptyAsync();
        await host.StopAsync();
        Assert.Equal(["one", "two", "three"], node.Feed.Texts);
        Assert.Equal(["bob", "bob", "carol"], node.Peers.Sends.Select(send => send.To));
    }

    [Fact]
    public async Task Everything_of_a_message_goes_through_the_table()
    {
        using var host = await StartAsync();
        var message = OutgoingMessage.FromData(new byte[] { 0, 255, 7 }, "image/png") with { MessageId = "mine", Headers = new Dictionary<string, string> { ["a"] = "b\"c" } };
        await using (var connection = await OpenAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await host.Services.GetRequiredService<MessageOutbox>().AddAsync(transaction, "bob", message);
            await host.Services.GetRequiredService<MessageOutbox>().AddAsync(transaction, "bob", new Paid(7));
            await transaction.CommitAsync();
        }
        await WaitForEmptyAsync();
        await host.StopAsync();
        var (first, second) = (node.Peers.Sends.First(), node.Peers.Sends.Last());
        Assert.Equal([0, 255, 7], first.Data.ToByteArray());
        Assert.Equal(("image/png", "mine", "b\"c"), (first.ContentType, first.MessageId, first.Headers["a"]));
        Assert.Equal(("application/json", "Paid", """{"number":7}"""), (second.ContentType, second.Headers[MessageHeaders.MessageType], second.Data.ToStringUtf8()));
    }

    [Fact]
    public async Task What_was_committed_before_a_crash_is_sent_after_the_next_start()
    {
        using (var crashed = Build())
        {
            await using (var connection = await OpenAsync())
            await using (var command = connection.CreateCommand())
            {
                command.CommandText = crashed.Services.GetRequiredService<MessageOutbox>().CreateTableSql;
                await command.ExecuteNonQueryAsync();
            }
            await AddAsync(crashed, commit: true, ("bob", "one"));
        }
        using var host = await StartAsync();
        await WaitForEmptyAsync();
        await host.StopAsync();
        Assert.Equal(["one"], node.Feed.Texts);
    }

    [Fact]
    public async Task A_crash_after_the_acceptance_and_before_the_deletion_makes_no_second_message()
    {
        using (var crashed = await StartAsync())
        {
            await WaitForTableAsync();
            await ExecuteAsync("CREATE TRIGGER crash BEFORE DELETE ON p2pgrpc_outbox BEGIN SELECT RAISE(ABORT, 'crash'); END");
            await AddAsync(crashed, commit: true, ("bob", "one"), ("bob", "two"));
            await Terminal.WaitAsync(() => node.Feed.Count == 2);
            await crashed.StopAsync();
        }
        Assert.Equal(2, await CountAsync("refused = 0"));
        await ExecuteAsync("DROP TRIGGER crash");
        using var host = await StartAsync();
        await WaitForEmptyAsync();
        await host.StopAsync();
        Assert.InRange(node.Peers.Sends.Count, 4, int.MaxValue);
        Assert.Equal(["one", "two"], node.Feed.Texts);
    }

    [Fact]
    public async Task While_the_node_is_away_messages_wait_and_then_go_in_order()
    {
        await node.StopAsync();
        using var host = await StartAsync();
        await WaitForTableAsync();
        await AddAsync(host, commit: true, ("bob", "one"), ("bob", "two"));
        await node.StartAgainAsync();
        await WaitForEmptyAsync();
        await host.StopAsync();
        Assert.Equal(["one", "two"], node.Feed.Texts);
    }

    [Fact]
    public async Task A_message_that_the_node_refuses_stays_as_refused_and_holds_up_nobody()
    {
        node.Peers.RefusesMessage = send => send.Text == "bad" ? FakePeerService.Refusal(Code.InvalidArgument, "HEADERS", "bad is refused") : null;
        using var host = await StartAsync();
        await WaitForTableAsync();
        await AddAsync(host, commit: true, ("bob", "one"), ("bob", "bad"), ("bob", "two"));
        await Terminal.WaitAsync(() => node.Feed.Count == 2);
        await WaitForEmptyAsync();
        await host.StopAsync();
        Assert.Equal(["one", "two"], node.Feed.Texts);
        Assert.Equal(1, await CountAsync("refused = 1 AND error = 'bad is refused'"));
        Assert.Equal(1, node.Peers.Sends.Count(send => send.Text == "bad"));
    }

    /// <summary>Others write to the table, too.</summary>
    [Fact]
    public async Task A_row_that_holds_no_message_stays_as_refused_and_holds_up_nobody()
    {
        using var host = await StartAsync();
        await ExecuteAsync("INSERT INTO p2pgrpc_outbox (message_id, recipient, content_type, body, headers) VALUES ('1', 'bob', '', x'61', 'no JSON')");
        await AddAsync(host, commit: true, ("bob", "two"), ("carol", "three"));
        await WaitForEmptyAsync();
        await host.StopAsync();
        Assert.Equal(["two", "three"], node.Feed.Texts);
        Assert.Equal(1, await CountAsync("refused = 1 AND error LIKE '%headers%'"));
    }

    [Fact]
    public async Task What_fails_again_and_again_by_what_may_be_its_own_fault_counts_as_refused_in_the_end()
    {
        var time = new FakeTimeProvider();
        node.Peers.RefusesMessage = send => send.Text == "bad" ? FakePeerService.Refusal(Code.Internal, "INTERNAL", "a bug") : null;
        using var host = await StartAsync(time);
        await AddAsync(host, commit: true, ("carol", "bad"), ("carol", "two"), ("bob", "three"));
        await AdvanceUntilAsync(time, TimeSpan.FromMilliseconds(10), () => node.Feed.Count == 1);
        Assert.Equal(1, await CountAsync("refused = 0 AND error = 'a bug'"));
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(10), () => node.Feed.Count == 2);
        await host.StopAsync();
        Assert.Equal(["three", "two"], node.Feed.Texts);
        Assert.Equal(1, await CountAsync("refused = 1 AND error = 'a bug'"));
        Assert.Equal(ClientLimits.OutboxFailures, node.Peers.Sends.Count(send => send.Text == "bad"));
    }

    [Theory]
    [InlineData(Code.NotFound, "PEER_UNKNOWN")]
    [InlineData(Code.ResourceExhausted, "PEER_BOOK_FULL")]
    public async Task A_recipient_that_is_refused_holds_up_its_own_messages_only_and_gets_them_in_order_later(Code code, string reason)
    {
        var time = new FakeTimeProvider();
        var unknown = true;
        node.Peers.RefusesMessage = send => unknown && send.To == "carol" ? FakePeerService.Refusal(code, reason, "carol is unknown") : null;
        using var host = await StartAsync(time, options => options.BatchSize = 2);
        await WaitForTableAsync();
        await AddAsync(host, commit: true, ("carol", "one"), ("carol", "two"), ("carol", "three"), ("bob", "four"));
        await AdvanceUntilAsync(time, TimeSpan.FromMilliseconds(10), () => node.Feed.Count == 1);
        Assert.Equal(["four"], node.Feed.Texts);
        Assert.Equal(1, await CountAsync("refused = 0 AND error = 'carol is unknown'"));
        unknown = false;
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(10), () => node.Feed.Count == 4);
        await host.StopAsync();
        Assert.Equal(["four", "one", "two", "three"], node.Feed.Texts);
    }

    /// <summary>The pause of a refused recipient may end while others' messages of the same batch are sent.</summary>
    [Fact]
    public async Task A_recipient_whose_pause_ends_within_a_batch_still_gets_its_messages_in_order()
    {
        var time = new FakeTimeProvider();
        var unknown = true;
        node.Peers.RefusesMessage = send =>
        {
            if (send.To == "carol")
                return unknown ? FakePeerService.Refusal(Code.NotFound, "PEER_UNKNOWN", "carol is unknown") : null;
            unknown = false;
            time.Advance(TimeSpan.FromMinutes(5));
            return null;
        };
        using var host = await StartAsync(time);
        await AddAsync(host, commit: true, ("carol", "one"), ("bob", "two"), ("carol", "three"));
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(10), () => node.Feed.Count == 3);
        await host.StopAsync();
        Assert.Equal(["two", "one", "three"], node.Feed.Texts);
    }

    [Fact]
    public async Task A_connection_that_breaks_while_messages_are_sent_neither_ends_the_outbox_nor_doubles_them()
    {
        var time = new FakeTimeProvider();
        var connections = new ConcurrentQueue<SqliteConnection>();
        node.Peers.RefusesMessage = _ =>
        {
            if (node.Peers.Sends.Count == 1)
                connections.Last().Close();
            return null;
        };
        using var host = await StartAsync(time, connect: () =>
        {
            connections.Enqueue(new SqliteConnection(Database));
            return connections.Last();
        });
        await AddAsync(host, commit: true, ("bob", "one"), ("bob", "two"));
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(10), () => node.Peers.Sends.Count >= 4);
        await WaitForEmptyAsync();
        await host.StopAsync();
        Assert.Equal(["one", "two"], node.Feed.Texts);
        Assert.Equal(["one", "two", "one", "two"], node.Peers.Sends.Select(send => send.Text));
    }

    [Fact]
    public async Task Where_no_connection_can_be_made_messages_wait_until_one_can()
    {
        var time = new FakeTimeProvider();
        var failures = 0;
        using var host = Build(time, connect: () =>
            Interlocked.Increment(ref failures) <= 3 ? throw new InvalidOperationException("The pool is exhausted.") : new SqliteConnection(Database));
        await host.StartAsync();
        await AdvanceUntilAsync(time, TimeSpan.FromMinutes(1), () => failures > 3);
        await WaitForTableAsync();
        await AddAsync(host, commit: true, ("bob", "one"));
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(1), () => node.Feed.Count == 1);
        await host.StopAsync();
        Assert.Equal(["one"], node.Feed.Texts);
    }

    [Fact]
    public async Task A_message_is_sent_in_the_trace_of_its_transaction()
    {
        using var host = await StartAsync();
        using var caller = new Activity("a caller").SetParentId(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        caller.Start();
        await AddAsync(host, commit: true, ("bob", "one"));
        caller.Stop();
        await AddAsync(host, commit: true, ("bob", "two"));
        await WaitForEmptyAsync();
        await host.StopAsync();
        Assert.Equal([caller.Id, null], node.Peers.Sends.Select(send => send.Headers.GetValueOrDefault("traceparent")));
    }

    [Fact]
    public async Task Options_are_bound_to_a_section()
    {
        var section = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Outbox:Table"] = "sales.outgoing",
            ["Outbox:CreateTable"] = "false",
            ["Outbox:BatchSize"] = "7",
            ["Outbox:PollInterval"] = "00:01:00",
        }).Build().GetSection("Outbox");
        var services = new ServiceCollection();
        services.AddP2PGrpcClient("sales", options => options.DataDirectory = node.Directory)
            .AddOutbox(OutboxDialect.Sqlite, _ => new SqliteConnection(Database), section);
        await using var provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptionsMonitor<OutboxOptions>>().Get("sales");
        Assert.Equal((false, 7, TimeSpan.FromMinutes(1)), (options.CreateTable, options.BatchSize, options.PollInterval));
        Assert.Contains("CREATE TABLE IF NOT EXISTS sales.outgoing ", provider.GetRequiredKeyedService<MessageOutbox>("sales").CreateTableSql);
    }

    [Fact]
    public async Task What_can_not_be_sent_at_all_is_refused_within_the_transaction()
    {
        using var host = Build();
        await using var connection = await OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var outbox = host.Services.GetRequiredService<MessageOutbox>();
        await Assert.ThrowsAsync<ArgumentException>(() => outbox.AddAsync(transaction, "bob", OutgoingMessage.FromText("")));
        await Assert.ThrowsAsync<ArgumentException>(() => outbox.AddAsync(transaction, "bob", OutgoingMessage.FromText(new string('x', 131_073))));
        await Assert.ThrowsAsync<ArgumentException>(() => outbox.AddAsync(transaction, "", OutgoingMessage.FromText("x")));
    }

    [Theory]
    [InlineData("outbox; DROP TABLE orders", 100, "is no name")]
    [InlineData("a.b.c", 100, "is no name")]
    [InlineData("1st", 100, "is no name")]
    [InlineData("mine.outbox", 0, "BatchSize")]
    public void Wrong_options_are_found_when_the_host_starts(string table, int batch, string words)
    {
        using var host = Build(configure: options => (options.Table, options.BatchSize) = (table, batch));
        var fault = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains(words, fault.Message);
    }

    // Without a pool: a connection that has read an older schema takes the table for missing while another one writes.
    private string Database => $"Data Source={Path.Combine(node.Directory, "orders.db")};Pooling=False";

    private IHost Build(TimeProvider? time = null, Action<OutboxOptions>? configure = null, Func<DbConnection>? connect = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        if (time is not null)
            builder.Services.AddSingleton(time);
        builder.Services.AddP2PGrpcClient(options => options.DataDirectory = node.Directory)
            .AddOutbox(OutboxDialect.Sqlite, _ => connect?.Invoke() ?? new SqliteConnection(Database), configure);
        return builder.Build();
    }

    private async Task<IHost> StartAsync(TimeProvider? time = null, Action<OutboxOptions>? configure = null, Func<DbConnection>? connect = null)
    {
        var host = Build(time, configure, connect);
        await host.StartAsync();
        await WaitForTableAsync();
        return host;
    }

    private async Task<DbConnection> OpenAsync()
    {
        var connection = new SqliteConnection(Database);
        await connection.OpenAsync();
        return connection;
    }

    private async Task AddAsync(IHost host, bool commit, params (string To, string Text)[] messages)
    {
        await using var connection = await OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        foreach (var (to, text) in messages)
            await host.Services.GetRequiredService<MessageOutbox>().AddAsync(transaction, to, text);
        if (commit)
            await transaction.CommitAsync();
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private async Task<int> CountAsync(string where)
    {
        await using var connection = await OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM p2pgrpc_outbox WHERE {where}";
        return Convert.ToInt32(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    private Task WaitForTableAsync() => Terminal.WaitAsync(() =>
    {
        using var connection = new SqliteConnection(Database);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_schema WHERE name = 'p2pgrpc_outbox'";
        return Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture) == 1;
    });

    private Task WaitForEmptyAsync() => Terminal.WaitAsync(() =>
    {
        using var connection = new SqliteConnection(Database);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM p2pgrpc_outbox WHERE refused = 0";
        return Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture) == 0;
    });

    private static Task AdvanceUntilAsync(FakeTimeProvider time, TimeSpan step, Func<bool> condition) => Terminal.WaitAsync(() =>
    {
        time.Advance(step);
        return condition();
    });

    private sealed record Paid(int Number);
}
