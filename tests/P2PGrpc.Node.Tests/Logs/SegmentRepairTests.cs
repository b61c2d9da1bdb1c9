using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>What may take the place of a damaged segment (D6, S4): only what was stored there, by all that is readable around it. An author may
/// sign a rival for the same place, and a peer may send it: it is refused, whatever of its surroundings is damaged too.</summary>
public sealed class SegmentRepairTests : IAsyncDisposable
{
    private const string Unreadable = "header = zeroblob(length(header))";
    private static readonly string[] Texts = ["one", "two", "three"];

    private readonly StoreFixture fixture = new();
    private readonly IdentityKey author = StoreFixture.MakeKey(2);
    private readonly List<(SegmentHeader Header, SegmentBytes Body)> stored = [];

    public async ValueTask DisposeAsync()
    {
        author.Dispose();
        await fixture.DisposeAsync();
    }

    /// <summary>Each time some other part of the surroundings is the witness: the header itself, the one behind it, the log's end, the row's own hash.</summary>
    [Theory]
    [InlineData(2, "body = zeroblob(length(body)) WHERE position = 2")]
    [InlineData(2, $"{Unreadable} WHERE position = 2")]
    [InlineData(2, $"{Unreadable}, hash = zeroblob(32) WHERE position = 2")]
    [InlineData(3, $"{Unreadable} WHERE position = 3")]
    [InlineData(2, $"{Unreadable} WHERE position IN (2, 3)")]
    [InlineData(2, $"{Unreadable}, body = zeroblob(length(body)) WHERE position IN (2, 3)")]
    public async Task A_rival_never_takes_the_place_and_what_was_stored_does(int place, string damage)
    {
        await StoreAsync();
        await fixture.ReopenAsync(() => Assert.NotEqual(0, fixture.Execute($"UPDATE segment SET {damage}")));
        var genuine = stored[place - 1];
        Assert.NotEqual(Texts, fixture.ReadAll());

        await AssertRefusedAsync(MakeRival(genuine.Header.After, "rival"));
        await AssertRefusedAsync(MakeRival(genuine.Header.After, "rival", "of two"));
        await AssertRefusedAsync(MakeRival(MakeRival(stored[0].Header.After, "rival's first").Header.Head, "rival"));
        Assert.True(await RepairAsync(genuine));
    }

    /// <summary>Where no witness of the place is left, nothing may take it: not even the right segment can be told from a rival.</summary>
    [Fact]
    public async Task Where_the_row_behind_and_the_rows_own_hash_are_unreadable_nothing_takes_the_place()
    {
        await StoreAsync();
        await fixture.ReopenAsync(() =>
        {
            fixture.Execute($"UPDATE segment SET {Unreadable}, hash = zeroblob(32) WHERE position = 2");
            fixture.Execute($"UPDATE segment SET {Unreadable} WHERE position = 3");
        });

        await AssertRefusedAsync(MakeRival(stored[1].Header.After, "rival"));
        await AssertRefusedAsync(stored[1]);
    }

    [Fact]
    public async Task What_is_not_damaged_is_never_replaced()
    {
        await StoreAsync();

        await AssertRefusedAsync(MakeRival(stored[1].Header.After, "rival"));
        await AssertRefusedAsync(stored[1]);
        Assert.Equal(Texts, fixture.ReadAll());
    }

    /// <summary>A row that seems to hold fewer entries than there are positions up to the next one would hide that something is missing between them.</summary>
    [Fact]
    public async Task Nothing_takes_a_place_and_leaves_a_gap_of_positions()
    {
        await StoreAsync();
        await fixture.ReopenAsync(() =>
        {
            fixture.Execute("UPDATE segment SET body = zeroblob(length(body)) WHERE position = 2");
            fixture.Execute("UPDATE segment SET position = 4 WHERE position = 3");
        });
        await AssertRefusedAsync(stored[1]);

        await fixture.ReopenAsync(() => fixture.Execute("UPDATE segment SET position = 3 WHERE position = 4"));
        Assert.True(await RepairAsync(stored[1]));
        Assert.Equal(Texts, fixture.ReadAll());
    }

    private async Task StoreAsync()
    {
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var head = log.ToLogId().Empty;
        foreach (var text in Texts)
        {
            var segment = StoreFixture.MakeSegment(author, log, head, text);
            head = segment.Header.Head;
            stored.Add(segment);
            fixture.Store.Store(segment.Header, segment.Body, 0);
        }

        // The writer works in order: once this is on disk, so are they.
        await fixture.Store.WriteAsync(new SqlOperation(""), StoreFixture.Deadline);
    }

    /// <summary>Rightly signed by the log's author, for a place that is taken.</summary>
    private (SegmentHeader Header, SegmentBytes Body) MakeRival(Head after, params string[] texts) =>
        StoreFixture.MakeSegment(author, stored[0].Header.Log, after, texts);

    private async Task AssertRefusedAsync((SegmentHeader Header, SegmentBytes Body) segment)
    {
        var before = ReadRows();
        Assert.False(await RepairAsync(segment));
        Assert.Equal(before, ReadRows());
    }

    private async Task<bool> RepairAsync((SegmentHeader Header, SegmentBytes Body) segment)
    {
        var answered = new TaskCompletionSource<bool>();
        void Answer(LogId log, Head head, ulong? position, StoreFailure? failure) => answered.TrySetResult(failure is null);
        fixture.Store.Repaired += Answer;
        try
        {
            fixture.Store.Repair(segment.Header, segment.Body);
            return await answered.Task.WaitAsync(StoreFixture.Deadline);
        }
        finally
        {
            fixture.Store.Repaired -= Answer;
        }
    }

    private object? ReadRows() => fixture.Store.Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT group_concat(quote(position) || quote(count) || quote(hash) || quote(header) || quote(body)) FROM segment";
        return command.ExecuteScalar();
    });
}
