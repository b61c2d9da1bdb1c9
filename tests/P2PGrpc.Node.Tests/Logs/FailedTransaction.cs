using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>A transaction that fails, and what must hold after one.</summary>
internal static class FailedTransaction
{
    /// <summary>Lets an append, and what else is given, fail in one transaction.</summary>
    public static async Task RunAsync(
        StoreFixture fixture, SqliteException exception, StoreFailure expected, Action<LogStore>? beside = null)
    {
        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        var append = fixture.AppendAsync("lost");
        beside?.Invoke(fixture.Store);
        var failing = fixture.Store.WriteAsync(new SqlOperation("", exception), StoreFixture.Deadline);
        gate.Open();
        await blocked;
        Assert.Equal(expected, (await Assert.ThrowsAsync<StoreException>(() => append)).Failure);
        Assert.Equal(expected, (await Assert.ThrowsAsync<StoreException>(() => failing)).Failure);
    }

    /// <summary>The second text opened a log of its own, which names the end of the first one's, and goes on.</summary>
    public static async Task AssertNewEpochAsync(StoreFixture fixture, string before, string after)
    {
        Assert.Equal([before, after], fixture.ReadAll());
        var headers = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Select(segment => segment.Header).ToArray();
        Assert.NotEqual(headers[0].LogId, headers[1].LogId);
        var opening = Protocol.Opening.Parser.ParseFrom(headers[1].Opening.Span);
        Assert.Equal(headers[0].Log.Epoch, opening.PredecessorEpoch);
        Assert.True(SegmentCodec.TryRead(opening.PredecessorHead, out var head));
        Assert.Equal(headers[0].Head, head);
        await fixture.AppendAsync("more");
        Assert.Equal(headers[1].LogId, fixture.Store.ReadFeed(2, 10, long.MaxValue).Segments[0].Header.LogId);
    }
}
