using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>A segment of which the body was erased and the header stays: on disk, in the feed, and for the replicator.</summary>
public sealed class ErasureTests
{
    private static readonly string[] Texts = ["one", "two", "three"];

    [Fact]
    public async Task Headers_heads_positions_and_cursors_stay_and_the_log_goes_on_S2()
    {
        await using var fixture = new StoreFixture();
        var headers = await FillAsync(fixture);
        await EraseAsync(fixture, 1, 2);
        await CheckAsync();
        await fixture.ReopenAsync();
        await CheckAsync();

        await fixture.AppendAsync("four");
        Assert.Equal(["three", "four"], ReadHeld(fixture));
        Assert.Equal(4u, fixture.Store.LastPosition);

        Task CheckAsync()
        {
            var page = fixture.Store.ReadFeed(0, 10, long.MaxValue);
            Assert.Null(page.Damaged);
            Assert.Equal(headers.Select(header => header.Hash), page.Segments.Select(segment => segment.Header.Hash));
            Assert.Equal([true, true, false], page.Segments.Select(segment => segment.Erased));
            Assert.Equal(["three"], ReadHeld(fixture));
            Assert.Equal(headers.Select(header => (ulong?)header.Hash.Prefix), new ulong[] { 1, 2, 3 }.Select(fixture.Store.FindCheck));
            Assert.Equal(0, fixture.Store.DamagedPlaces);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_load_stops_at_what_was_erased_unless_headers_alone_are_asked_for()
    {
        await using var fixture = new StoreFixture();
        var headers = await FillAsync(fixture);
        var log = headers[0].LogId;
        await EraseAsync(fixture, 1, 2);

        var pruned = Assert.IsType<LoadResult.Pruned>(fixture.Store.Load(log, log.Empty, long.MaxValue));
        Assert.Equal(new ErasedStretch(1, 3), pruned.Stretch);
        pruned = Assert.IsType<LoadResult.Pruned>(fixture.Store.Load(log, headers[0].Head, long.MaxValue));
        Assert.Equal(new ErasedStretch(2, 3), pruned.Stretch);
        Assert.IsType<SegmentBytes>(Assert.Single(Load(headers[1].Head, 0)).Body);
        Assert.IsType<ErasedBody>(Assert.Single(Load(log.Empty, 1)).Body);
        var held = Load(log.Empty, 2);
        Assert.Equal(headers, held.Select(segment => segment.Header), (one, other) => one.Hash == other.Hash);
        Assert.Equal([true, true, false], held.Select(segment => segment.Body is ErasedBody));
        Assert.Equal(2, Assert.IsType<LoadResult.Segments>(fixture.Store.Load(log, log.Empty, headers[0].BareWeight + headers[1].BareWeight, 2)).Held.Count);

        IReadOnlyList<HeldSegment> Load(Head after, ulong erasedThrough) =>
            Assert.IsType<LoadResult.Segments>(fixture.Store.Load(log, after, long.MaxValue, erasedThrough)).Held;
    }

    /// <summary>D6: damage never passes for an erasure, nor an erasure for damage.</summary>
    [Theory]
    [InlineData("UPDATE segment SET body = x'' WHERE position = 1")]
    [InlineData("UPDATE segment SET body = body + 1 WHERE position = 1")]
    [InlineData("UPDATE segment SET body = CAST(body AS TEXT) WHERE position = 1")]
    [InlineData("UPDATE segment SET body = (SELECT body FROM segment WHERE position = 2) WHERE position = 1")]
    [InlineData("UPDATE segment SET body = CAST(body AS BLOB) WHERE position = 1")]
    [InlineData("UPDATE segment SET body = 0 WHERE position = 1")]
    public async Task Whatever_is_neither_the_body_nor_its_mark_is_damage_D6(string change)
    {
        await using var fixture = new StoreFixture();
        var headers = await FillAsync(fixture);
        var log = headers[0].LogId;
        await EraseAsync(fixture, 1, 2);
        await fixture.ReopenAsync(() => Assert.Equal(1, fixture.Execute(change)));

        Assert.Equal(1u, fixture.Store.ReadFeed(0, 10, long.MaxValue).Damaged?.FirstPosition);
        Assert.IsType<LoadResult.Damaged>(fixture.Store.Load(log, log.Empty, long.MaxValue, 3));
        Assert.True(fixture.Store.ReadFeed(1, 10, long.MaxValue).Segments[0].Erased);

        // What is due is erased though it was damaged, as long as it is known what it was.
        await EraseAsync(fixture, 1);
        Assert.Null(fixture.Store.ReadFeed(0, 10, long.MaxValue).Damaged);
        Assert.Equal(0, fixture.Store.DamagedPlaces);
    }

    [Fact]
    public async Task Without_a_readable_header_nothing_is_erased_and_the_damage_stays_D6()
    {
        await using var fixture = new StoreFixture();
        await FillAsync(fixture);
        await fixture.ReopenAsync(() => fixture.Execute("UPDATE segment SET header = x'00' WHERE position = 1"));
        var told = new List<ErasedBodies>();
        fixture.Store.Erased += told.Add;
        await EraseAsync(fixture, 1);
        await fixture.SettleAsync();
        Assert.Empty(told);
        Assert.Equal(1u, fixture.Store.ReadFeed(0, 10, long.MaxValue).Damaged?.FirstPosition);
    }

    [Fact]
    public async Task A_header_that_comes_without_its_body_is_stored_and_more_follows_it_S2()
    {
        await using var fixture = new StoreFixture();
        var committed = new List<CommittedSegment>();
        fixture.Store.Committed += committed.Add;
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var first = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "gone", "too");
        var second = StoreFixture.MakeSegment(author, log, first.Header.Head, "here");
        fixture.Store.Store(first.Header, null, 0);
        fixture.Store.Store(second.Header, second.Body, 0);
        await fixture.SettleAsync();

        Assert.Equal([true, false], committed.Select(segment => segment.Erased));
        Assert.Equal(["here"], ReadHeld(fixture));
        await fixture.ReopenAsync();
        Assert.Equal(["here"], ReadHeld(fixture));
        Assert.Equal([true, false], fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Erased));
    }

    [Fact]
    public async Task Those_who_keep_copies_are_told_and_find_it_again_after_a_start()
    {
        await using var fixture = new StoreFixture();
        await FillAsync(fixture);
        var told = new List<ErasedBodies>();
        fixture.Store.Erased += told.Add;
        await fixture.Store.EraseAsync(
            [Due(fixture, 1, Node.Logs.Due.Erase), Due(fixture, 2, Node.Logs.Due.Spare), Due(fixture, 3, Node.Logs.Due.Erase)], StoreFixture.Deadline);
        await fixture.SettleAsync();
        var erased = Assert.Single(told);
        Assert.Equal((fixture.Conversation, 3ul), (erased.Conversation, erased.Through));
        Assert.Equal([(1ul, 1ul), (3ul, 3ul)], erased.Segments);

        await fixture.ReopenAsync();
        Assert.Equal([new ErasedThrough(fixture.Conversation, 3)], fixture.Store.ReadErased());
        Assert.Equal(2u, Assert.Single(fixture.Store.ReadSpared(0, 10)).FirstPosition);
        await EraseAsync(fixture, 2);
        Assert.Empty(fixture.Store.ReadSpared(0, 10));
        Assert.Equal([new ErasedThrough(fixture.Conversation, 3)], fixture.Store.ReadErased());
    }

    /// <summary>D5: what makes room is done though all that came with it needs room.</summary>
    [Fact]
    public async Task A_full_disk_erases_beside_others_that_are_refused_and_then_takes_them_D5()
    {
        await using var fixture = new StoreFixture(options => options with { MaximumPages = 100 });
        var accepted = 0ul;
        var large = new string('x', 20_000);
        while (await Record.ExceptionAsync(() => fixture.AppendAsync(large)) is null)
            accepted++;
        Assert.InRange(accepted, 3ul, 100ul);

        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        var refused = fixture.AppendAsync(large);
        var erasing = EraseAsync(fixture, 1, 2);
        var alsoRefused = fixture.AppendAsync(large);
        gate.Open();
        await blocked;

        Assert.Equal(StoreFailure.Full, Assert.IsType<StoreException>(await Record.ExceptionAsync(() => refused)).Failure);
        await erasing;
        Assert.Equal(StoreFailure.Full, Assert.IsType<StoreException>(await Record.ExceptionAsync(() => alsoRefused)).Failure);
        await fixture.AppendAsync(large);
        Assert.Null(fixture.Store.Health.Error);
        Assert.Equal([true, true, false], fixture.Store.ReadFeed(0, 3, long.MaxValue).Segments.Select(segment => segment.Erased));
    }

    private static async Task<SegmentHeader[]> FillAsync(StoreFixture fixture)
    {
        foreach (var text in Texts)
            await fixture.AppendAsync(text);
        return [.. fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header)];
    }

    private static DueSegment Due(StoreFixture fixture, ulong position, Due due) => new(fixture.Conversation, position, position, 3, due);

    private static Task EraseAsync(StoreFixture fixture, params ulong[] positions) =>
        fixture.Store.EraseAsync([.. positions.Select(position => Due(fixture, position, Node.Logs.Due.Erase))], StoreFixture.Deadline);

    private static List<string> ReadHeld(StoreFixture fixture) =>
    [
        .. fixture.Store.ReadFeed(0, 100, long.MaxValue).Segments.Where(segment => !segment.Erased)
            .SelectMany(segment => StoreFixture.ReadTexts(segment.Header, segment.Body)),
    ];
}
