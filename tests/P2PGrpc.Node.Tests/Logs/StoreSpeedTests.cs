using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>Measures, and asserts nothing about time: only that all arrived. Run by name.</summary>
public sealed class StoreSpeedTests(ITestOutputHelper output)
{
    [Fact(Explicit = true)]
    public async Task Appends_of_64_callers_and_in_batches_of_1000()
    {
        await using var fixture = new StoreFixture();
        await fixture.Store.DisposeAsync();
        await using var store = LogStore.Open(fixture.Options, fixture.Identity, TimeProvider.System, NullLogger<LogStore>.Instance);
        var expected = 0ul;
        foreach (var (name, callers, rounds, drafts, ids) in new[]
        {
            ("warm-up", 64, 20, 1, false),
            ("1 caller, 1 message", 1, 500, 1, false),
            ("64 callers, 1 message", 64, 200, 1, false),
            ("64 callers, 1 message with message_id", 64, 200, 1, true),
            ("1 caller, 1000 messages", 1, 300, 1000, false),
            ("4 callers, 1000 messages", 4, 150, 1000, false),
            ("1 caller, 1000 messages with message_id", 1, 30, 1000, true),
        })
        {
            var commits = store.Commits;
            var start = TimeProvider.System.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(
                () => AppendAsync(store, fixture.Conversation, rounds, drafts, ids ? $"{name}{caller}" : null))));
            var elapsed = TimeProvider.System.GetElapsedTime(start);
            var messages = callers * rounds * drafts;
            expected += (ulong)messages;
            commits = store.Commits - commits;
            output.WriteLine(
                $"{name}: {messages / elapsed.TotalSeconds:F0} messages/s, {commits} transactions, {elapsed.TotalMilliseconds / commits:F2} ms each");
        }

        Assert.Equal(expected, store.LastPosition);
        var read = TimeProvider.System.GetTimestamp();
        for (var position = 0ul; position < expected;)
            position = store.ReadFeed(position, 16, 1 << 20).Segments[^1].LastPosition;
        output.WriteLine($"feed, verified: {expected / TimeProvider.System.GetElapsedTime(read).TotalSeconds:F0} messages/s");
    }

    private static async Task AppendAsync(LogStore store, ConversationId conversation, int rounds, int drafts, string? id)
    {
        var text = new string('x', 100);
        for (var round = 0; round < rounds; round++)
        {
            Draft[] batch = [.. Enumerable.Range(0, drafts).Select(number => StoreFixture.MakeDraft(text, id is null ? null : $"{id} {round} {number}"))];
            await store.AppendAsync(conversation, batch, StoreFixture.Deadline);
        }
    }
}
