using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>D6, S2: only the very segment that lay there takes a damaged one's place, whatever its author signs besides.</summary>
public sealed class SegmentRepairTests : IAsyncDisposable
{
    private const string Unreadable = "header = zeroblob(length(header)), body = zeroblob(length(body))";

    private readonly StoreFixture fixture = new();
    private readonly IdentityKey author = StoreFixture.MakeKey(2);
    private readonly LogKey log;
    private readonly List<(SegmentHeader Header, SegmentBytes Body)> chain = [];

    public SegmentRepairTests()
    {
        log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var head = log.ToLogId().Empty;
        foreach (var text in new[] { "one", "two", "three" })
        {
            chain.Add(StoreFixture.MakeSegment(author, log, head, text));
            head = chain[^1].Header.Head;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_segment_that_lay_there_takes_its_place(int index)
    {
        await StoreAndDamageAsync($"UPDATE segment SET {Unreadable} WHERE position = {index + 1}");
        Assert.Null(await RepairAsync(chain[index]));
        Assert.Equal(["one", "two", "three", "other"], fixture.ReadAll());
    }

    [Theory]
    [InlineData("= 2")]
    [InlineData(">= 2")]
    [InlineData("= 3")]
    public async Task A_rival_is_refused_whatever_is_unreadable_behind_it(string positions)
    {
        await StoreAndDamageAsync($"UPDATE segment SET {Unreadable} WHERE log = 1 AND position {positions}");
        var place = positions == "= 3" ? 2 : 1;
        Assert.Equal(StoreFailure.Mismatch, await RepairAsync(StoreFixture.MakeSegment(author, log, chain[place - 1].Header.Head, "rival")));
        Assert.Null(await RepairAsync(chain[place]));
    }

    [Fact]
    public async Task A_segment_after_another_head_is_refused()
    {
        await StoreAndDamageAsync($"UPDATE segment SET {Unreadable} WHERE position = 2");
        var elsewhere = StoreFixture.MakeSegment(author, log, log.ToLogId().Empty, "rival");
        Assert.Equal(StoreFailure.Mismatch, await RepairAsync(StoreFixture.MakeSegment(author, log, elsewhere.Header.Head, "two")));
    }

    /// <summary>Even where all that is left of the row speaks for it: positions are counted through, and one that is left out would never be told.</summary>
    [Fact]
    public async Task A_segment_that_would_overlap_the_next_position_is_refused()
    {
        var longer = StoreFixture.MakeSegment(author, log, chain[0].Header.Head, "two", "and more");
        await StoreAndDamageAsync(
            $"UPDATE segment SET {Unreadable} WHERE position IN (2, 3); UPDATE segment SET hash = x'{Convert.ToHexString(longer.Header.Hash.ToArray())}' WHERE position = 2");
        Assert.Equal(StoreFailure.Mismatch, await RepairAsync(longer));
    }

    [Fact]
    public async Task What_is_whole_stays_as_it_is()
    {
        await StoreAndDamageAsync("SELECT 1");
        Assert.Equal(StoreFailure.Mismatch, await RepairAsync(chain[1]));
        Assert.Equal(StoreFailure.Mismatch, await RepairAsync(StoreFixture.MakeSegment(author, log, chain[0].Header.Head, "rival")));
        Assert.Equal(["one", "two", "three", "other"], fixture.ReadAll());
    }

    public async ValueTask DisposeAsync()
    {
        await fixture.DisposeAsync();
        author.Dispose();
    }

    private async Task StoreAndDamageAsync(string sql)
    {
        foreach (var (header, body) in chain)
            fixture.Store.Store(header, body, 0);
        await fixture.AppendAsync("other");
        await fixture.ReopenAsync(() => fixture.Execute(sql));
    }

    private async Task<StoreFailure?> RepairAsync((SegmentHeader Header, SegmentBytes Body) segment)
    {
        var answered = new TaskCompletionSource<StoreFailure?>();
        void Answer(LogId logId, Head head, StoreFailure? failure) => answered.SetResult(failure);
        fixture.Store.Repaired += Answer;
        fixture.Store.Repair(segment.Header, segment.Body);
        var failure = await answered.Task.WaitAsync(StoreFixture.Deadline);
        fixture.Store.Repaired -= Answer;
        return failure;
    }
}
