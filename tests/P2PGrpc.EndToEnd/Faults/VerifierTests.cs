using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>The verifier's own teeth (K2): it passes what real nodes wrote, and finds each kind of damage that is planted.</summary>
public sealed class VerifierTests(VerifiedPair pair) : IClassFixture<VerifiedPair>
{
    // The third segment of the log that bob has from alice.
    private const string Third = "position = (SELECT position FROM segment WHERE first_sequence > 1 ORDER BY position LIMIT 1 OFFSET 1)";
    private const string First = "position = (SELECT min(position) FROM segment)";
    private const string Last = "position = (SELECT max(position) FROM segment)";

    [Fact]
    public async Task What_real_nodes_wrote_passes_and_what_they_share_is_the_same()
    {
        await DatabaseVerifier.SkipIfMissingAsync();
        var result = await DatabaseVerifier.RunAsync(pair.Bob, pair.Alice);
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("3 logs, 11 segments, 11 entries verified, 3 logs compared\n", result.Output);
    }

    [Theory]
    [InlineData("segment", "body", Third, -1, "the body is not the one that was signed")]
    [InlineData("segment", "header", Third, -1, "the signature does not hold")]
    [InlineData("segment", "header", First, 4, "the header is of another log")]
    [InlineData("segment", "hash", Third, 0, "sequence, count or hash are not those of the header")]
    [InlineData("log", "log_id", "id = 1", 0, "the LogId is not that of its conversation, author and epoch")]
    [InlineData("message_id", "content_hash", "message_id = 'named'", 0, "message_id 'named': the message that it names is another")]
    public async Task A_flipped_byte_is_found(string table, string column, string where, int at, string fault) =>
        await FindsAsync(path => Databases.FlipBlob(path, table, column, where, at), fault);

    [Theory]
    [InlineData($"DELETE FROM segment WHERE {Third}", "is missing, or two overlap")]
    [InlineData($"DELETE FROM segment WHERE {Third}", "there is a gap or an overlap in the feed")]
    [InlineData($"UPDATE segment SET first_sequence = first_sequence + 90 WHERE {Last}", "sequence, count or hash are not those of the header")]
    [InlineData($"UPDATE segment SET count = count + 1 WHERE {Third}", "sequence, count or hash are not those of the header")]
    [InlineData($"UPDATE segment SET position = position + 1 WHERE {Last}", "there is a gap or an overlap in the feed")]
    [InlineData($"UPDATE segment SET header = x'ffff' WHERE {Third}", "the header is no message")]
    [InlineData($"UPDATE segment SET body = x'' WHERE {Third}", "the body is not the one that was signed")]
    [InlineData($"UPDATE segment SET log = log + 900 WHERE {Last}", "the segment is of no log")]
    [InlineData("UPDATE log SET frozen = 1 WHERE id = 1", "frozen is 1, but no proof is kept")]
    [InlineData("INSERT INTO fork_proof SELECT 1, header, header FROM segment WHERE log = 1 LIMIT 1", "the two headers can stand in one chain")]
    [InlineData("UPDATE message_id SET sequence = 99", "message_id 'named': it names no message that is there")]
    [InlineData("UPDATE consumer SET check_value = check_value + 1", "consumer 'reader': its cursor")]
    [InlineData("INSERT INTO peer_cursor SELECT x'00', log_id, 77 FROM log WHERE id = 1", "/77: no segment ends there")]
    public async Task A_row_that_was_tampered_with_is_found(string sql, string fault) => await FindsAsync(path => Databases.Execute(path, sql), fault);

    [Fact]
    public async Task Two_databases_that_differ_in_one_log_are_found()
    {
        await DatabaseVerifier.SkipIfMissingAsync();
        var copy = pair.CopyBob();
        Databases.FlipBlob(copy, "segment", "body", Third, 0);

        var result = await DatabaseVerifier.RunAsync(pair.Alice, copy);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("the two databases differ", Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private async Task FindsAsync(Action<string> damage, string fault)
    {
        await DatabaseVerifier.SkipIfMissingAsync();
        var copy = pair.CopyBob();
        damage(copy);
        var result = await DatabaseVerifier.RunAsync(copy);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(fault, result.Output, StringComparison.Ordinal);
    }
}

/// <summary>The databases of two nodes that talked, with a restart between, and were stopped.</summary>
public sealed class VerifiedPair : IAsyncLifetime
{
    private readonly Neighbourhood nodes = new();
    private int copies;

    internal string Alice { get; private set; } = "";

    internal string Bob { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var (alice, bob) = await nodes.StartPairAsync();
        for (var i = 0; i < 5; i++) await alice.Client.SendAsync("bob", $"{i}", waitFor: DeliveryState.Delivered);
        // It is the same message where it is sent again in another trace, so these headers are not compared, and the others are.
        var named = new SendRequest { To = "alice", Text = "with a name", MessageId = "named", WaitFor = DeliveryState.Delivered };
        named.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        named.Headers.Add("tracestate", "vendor=value");
        named.Headers.Add("urgent", "yes");
        await bob.Client.SendAsync(named);
        await alice.StopAsync();
        await alice.StartAsync();
        for (var i = 5; i < 10; i++) await alice.Client.SendAsync("bob", $"{i}", waitFor: DeliveryState.Delivered);
        var cursor = (await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, 10)).Cursor;
        await bob.Client.Peer.AcknowledgeAsync(new AcknowledgeRequest { Consumer = "reader", Cursor = cursor });
        await bob.StopAsync();
        await alice.StopAsync();
        (Alice, Bob) = (alice.DatabasePath, bob.DatabasePath);
    }

    public ValueTask DisposeAsync() => nodes.DisposeAsync();

    /// <summary>A copy of bob's database that a test may damage.</summary>
    internal string CopyBob()
    {
        var copy = Path.Combine(nodes.Folder, $"copy-{++copies}.db");
        File.Copy(Bob, copy);
        return copy;
    }
}
