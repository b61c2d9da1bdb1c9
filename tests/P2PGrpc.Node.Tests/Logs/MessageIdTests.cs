using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>D3: retrying with the same message_id yields exactly one message.</summary>
public sealed class MessageIdTests
{
    [Fact]
    public async Task A_repetition_gets_the_first_answer_also_after_a_reopen_D3()
    {
        await using var fixture = new StoreFixture();
        var first = await AppendAsync(fixture, "hello", "id");
        var repeated = await AppendAsync(fixture, "hello", "id");
        await fixture.ReopenAsync();
        var later = await AppendAsync(fixture, "hello", "id");

        Assert.Equal(AppendState.Accepted, first.State);
        Assert.Equal(new AppendResult(AppendState.Repeated, first.Reference), repeated);
        Assert.Equal(new AppendResult(AppendState.Repeated, first.Reference), later);
        Assert.Equal(["hello"], fixture.ReadAll());
    }

    [Fact]
    public async Task Other_content_or_another_conversation_is_a_conflict()
    {
        await using var fixture = new StoreFixture();
        var first = await AppendAsync(fixture, "hello", "id");
        var other = await AppendAsync(fixture, "bye", "id");
        var self = ConversationId.Direct(fixture.Identity.PeerId, fixture.Identity.PeerId);
        var elsewhere = await fixture.Store.AppendAsync(self, [StoreFixture.MakeDraft("hello", "id")], StoreFixture.Deadline);

        Assert.Equal(new AppendResult(AppendState.Conflict, first.Reference), other);
        Assert.Equal(new AppendResult(AppendState.Conflict, first.Reference), Assert.Single(elsewhere));
        Assert.Equal(["hello"], fixture.ReadAll());
    }

    [Fact]
    public async Task Repetitions_within_one_transaction_are_recognized()
    {
        await using var fixture = new StoreFixture();
        var results = await fixture.Store.AppendAsync(
            fixture.Conversation,
            [StoreFixture.MakeDraft("a", "1"), StoreFixture.MakeDraft("b", "2"), StoreFixture.MakeDraft("a", "1"), StoreFixture.MakeDraft("c", "2")],
            StoreFixture.Deadline);

        Assert.Equal(
            [AppendState.Accepted, AppendState.Accepted, AppendState.Repeated, AppendState.Conflict], results.Select(result => result.State));
        Assert.Equal([1ul, 2ul, 1ul, 2ul], results.Select(result => result.Reference.Sequence));
        Assert.Equal(["a", "b"], fixture.ReadAll());
    }

    [Fact]
    public async Task An_id_protects_for_seven_days()
    {
        await using var fixture = new StoreFixture();
        var first = await AppendAsync(fixture, "hello", "id");
        fixture.Time.Advance(TimeSpan.FromDays(7));
        Assert.Equal(AppendState.Repeated, (await AppendAsync(fixture, "hello", "id")).State);
        fixture.Time.Advance(TimeSpan.FromMilliseconds(1));
        var again = await AppendAsync(fixture, "other", "id");

        Assert.Equal(AppendState.Accepted, again.State);
        Assert.NotEqual(first.Reference, again.Reference);
        Assert.Equal(["hello", "other"], fixture.ReadAll());
    }

    [Fact]
    public async Task A_wall_clock_that_jumps_makes_no_second_message_V3()
    {
        await using var fixture = new StoreFixture();
        var first = await AppendAsync(fixture, "hello", "id");
        await fixture.ReopenAsync(() => fixture.Time.AdjustTime(fixture.Time.GetUtcNow() + TimeSpan.FromDays(400)));
        Assert.Equal(new AppendResult(AppendState.Repeated, first.Reference), await AppendAsync(fixture, "hello", "id"));
        fixture.Time.AdjustTime(fixture.Time.GetUtcNow() - TimeSpan.FromDays(800));
        Assert.Equal(new AppendResult(AppendState.Repeated, first.Reference), await AppendAsync(fixture, "hello", "id"));
    }

    [Fact]
    public async Task A_database_of_version_1_keeps_its_ids()
    {
        await using var fixture = new StoreFixture();
        var first = await AppendAsync(fixture, "hello", "id");
        await fixture.ReopenAsync(() => fixture.Execute(
            StoreFixture.BackToVersion3 + "DROP TABLE running_time; UPDATE message_id SET at = 1767225600000; "
            + "DROP TABLE room; DROP TABLE heard; CREATE TABLE heard (peer BLOB PRIMARY KEY, instance INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID; PRAGMA user_version = 1"));

        Assert.Equal(new AppendResult(AppendState.Repeated, first.Reference), await AppendAsync(fixture, "hello", "id"));
        fixture.Time.Advance(TimeSpan.FromDays(6));
        await AppendAsync(fixture, "other", "later");
        await fixture.ReopenAsync();
        fixture.Time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMilliseconds(1));
        Assert.Equal(AppendState.Accepted, (await AppendAsync(fixture, "hello", "id")).State);
    }

    [Fact]
    public async Task Old_ids_are_deleted_as_new_ones_come()
    {
        await using var fixture = new StoreFixture();
        for (var number = 0; number < 200; number++)
            await AppendAsync(fixture, "old", $"old {number}");
        fixture.Time.Advance(TimeSpan.FromDays(8));
        for (var number = 0; number < 20; number++)
            await AppendAsync(fixture, "new", $"new {number}");

        Assert.Equal(20L, fixture.Store.Query(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM message_id";
            return command.ExecuteScalar();
        }));
    }

    private static async Task<AppendResult> AppendAsync(StoreFixture fixture, string text, string messageId) =>
        Assert.Single(await fixture.Store.AppendAsync(fixture.Conversation, [StoreFixture.MakeDraft(text, messageId)], StoreFixture.Deadline));
}
