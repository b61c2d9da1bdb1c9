using Google.Protobuf;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Upkeep;

/// <summary>Every fault that a database can have is found and named (D6), also while its node runs.</summary>
public sealed class FeedVerifierTests
{
    [Fact]
    public async Task A_whole_database_has_no_faults_also_while_it_is_open()
    {
        await using var fixture = await MakeAsync();
        var (report, faults) = Verify(fixture);
        Assert.Equal(new VerificationReport(1, 4, 4, 0, 0), report);
        Assert.Empty(faults);
    }

    [Theory]
    [InlineData("UPDATE segment SET body = zeroblob(length(body)) WHERE position = 2", "position 2: the body is damaged")]
    [InlineData("UPDATE segment SET body = 17 WHERE position = 2", "position 2: the body is damaged")]
    [InlineData("UPDATE segment SET header = zeroblob(length(header)) WHERE position = 2", "position 2: the header is damaged")]
    [InlineData("UPDATE segment SET hash = zeroblob(32) WHERE position = 2", "position 2: the header is damaged")]
    [InlineData("UPDATE segment SET header = (SELECT header FROM segment WHERE position = 3), hash = (SELECT hash FROM segment WHERE position = 3) WHERE position = 2", "position 2: ")]
    [InlineData("DELETE FROM segment WHERE position = 2", "positions 2 to 2 are missing")]
    [InlineData("DELETE FROM segment WHERE position = 2", "position 3: the segment does not follow sequence 1")]
    [InlineData("UPDATE segment SET log = 7 WHERE position = 2", "position 2: its log 7 is not in the table of logs")]
    [InlineData("UPDATE log SET epoch = epoch + 1", "its id does not follow from its conversation, author and epoch")]
    [InlineData("UPDATE log SET frozen = 1", "it is frozen, and the proof of its fork is missing")]
    [InlineData("INSERT INTO peer_cursor SELECT zeroblob(32), log_id, 9 FROM log", "a peer's cursor, 9, is not the end")]
    [InlineData("INSERT INTO peer_cursor VALUES (zeroblob(32), zeroblob(32), 1)", "a peer has acknowledged it, and it is not here")]
    [InlineData("INSERT INTO consumer VALUES ('mailer', 3, 5)", "consumer 'mailer': its cursor, 3, was one into another state")]
    [InlineData("INSERT INTO consumer VALUES ('mailer', 30, 5)", "consumer 'mailer': its cursor, 30, lies behind the end")]
    [InlineData("INSERT INTO message_id SELECT 'order', conversation, zeroblob(32), id, 9, 0 FROM log", "message_id 'order': it was used for sequence 9 of")]
    [InlineData("UPDATE message_id SET conversation = zeroblob(32)", "message_id 'named': its conversation is not that of its log")]
    [InlineData("UPDATE message_id SET content_hash = zeroblob(32)", "message_id 'named': it does not fit the message that it was used for, sequence 4 of")]
    [InlineData("UPDATE message_id SET sequence = 1", "message_id 'named': it does not fit the message that it was used for, sequence 1 of")]
    [InlineData("UPDATE message_id SET log = 77", "message_id 'named': its log 77 is not in the table of logs")]
    public async Task What_is_wrong_is_named(string damage, string fault)
    {
        await using var fixture = await MakeAsync();
        await fixture.Store.DisposeAsync();
        fixture.Execute(damage);
        var (report, faults) = Verify(fixture);
        Assert.Contains(faults, found => found.Contains(fault, StringComparison.Ordinal));
        Assert.Equal((ulong)faults.Count, report.Faults);
    }

    /// <summary>What is wrong with the tables themselves is told apart: no peer holds what would mend it.</summary>
    [Fact]
    public async Task A_fault_of_a_table_itself_is_counted_apart()
    {
        await using var fixture = await MakeAsync();
        await fixture.Store.DisposeAsync();
        fixture.Execute("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDEX log_by_conversation ON log (author, log_id)' WHERE name = 'log_by_conversation'");
        var (report, faults) = Verify(fixture);
        Assert.All(faults, fault => Assert.StartsWith("structure: ", fault, StringComparison.Ordinal));
        Assert.Equal((report.Faults, true), (report.StructureFaults, report.Faults > 0));
    }

    /// <summary>Whoever can write into the file can make hashes, but no signatures.</summary>
    [Fact]
    public async Task A_segment_that_somebody_else_signed_is_named()
    {
        await using var fixture = await MakeAsync();
        var held = fixture.Store.ReadFeed(0, 1, long.MaxValue).Segments[0].Header;
        var (forged, body) = StoreFixture.MakeSegment(StoreFixture.MakeKey(3), held.Log, held.LogId.Empty, "forged");
        await fixture.Store.DisposeAsync();
        using (var connection = StoreConnection.OpenWriter(fixture.Options.DatabasePath))
            connection.Execute(
                "UPDATE segment SET header = $1, hash = $2, body = $3 WHERE position = 1",
                SegmentRow.Encode(forged), forged.Hash.ToArray(), body.Body.ToArray());
        Assert.Contains("position 1: the signature does not hold", Verify(fixture).Faults);
    }

    [Fact]
    public async Task What_was_written_by_a_newer_version_is_not_judged()
    {
        await using var fixture = await MakeAsync();
        await fixture.Store.DisposeAsync();
        fixture.Execute("PRAGMA user_version = 99");
        Assert.Equal("DATABASE_NEWER", Assert.Throws<UpkeepException>(() => Verify(fixture)).Reason);
    }

    private static async Task<StoreFixture> MakeAsync()
    {
        var fixture = new StoreFixture();
        foreach (var text in new[] { "one", "two", "three" })
            await fixture.AppendAsync(text);
        // With the marks of a trace, which are another's where the message is repeated.
        var content = new Content { Text = "four", MessageId = "named" };
        content.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        content.Headers.Add("urgent", "yes");
        await fixture.Store.AppendAsync(fixture.Conversation, [new Draft(content.ToByteArray(), "named", TraceHeaders.Without(content))], StoreFixture.Deadline);
        await fixture.SettleAsync();
        return fixture;
    }

    private static (VerificationReport Report, List<string> Faults) Verify(StoreFixture fixture)
    {
        var faults = new List<string>();
        var report = new FeedVerifier(fixture.Options.DatabasePath, fixture.Identity.PeerId).Run(true, (_, _) => { }, faults.Add, StoreFixture.Deadline);
        return (report, faults);
    }
}
