using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>Bytes of the database that are not what was written (D6): found, and never served.</summary>
public sealed class SegmentDamageTests
{
    [Theory]
    [InlineData("UPDATE segment SET body = zeroblob(length(body)) WHERE position = 2")]
    [InlineData("UPDATE segment SET header = zeroblob(length(header)) WHERE position = 2")]
    [InlineData("UPDATE segment SET hash = zeroblob(32) WHERE position = 2")]
    [InlineData("UPDATE segment SET count = 2 WHERE position = 2")]
    [InlineData("UPDATE segment SET header = 'text', body = 17 WHERE position = 2")]
    public async Task Damaged_segments_are_never_served_D6(string damage)
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one");
        await fixture.AppendAsync("two");
        await fixture.AppendAsync("three");
        var log = fixture.Store.ReadFeed(0, 1, long.MaxValue).Segments[0].Header;
        await fixture.ReopenAsync(() => fixture.Execute(damage));

        var page = fixture.Store.ReadFeed(0, 10, long.MaxValue);
        Assert.Equal(1ul, Assert.Single(page.Segments).FirstPosition);
        Assert.Equal(new DamagedSegment(2, 2), page.Damaged);
        var beyond = fixture.Store.ReadFeed(page.Damaged!.LastPosition, 10, long.MaxValue);
        Assert.Equal("three", Assert.Single(StoreFixture.ReadTexts(beyond.Segments[0].Header, beyond.Segments[0].Body)));

        var before = Assert.IsType<LoadResult.Segments>(fixture.Store.Load(log.LogId, log.LogId.Empty, long.MaxValue));
        Assert.Single(before.Held);
        Assert.IsType<LoadResult.Damaged>(fixture.Store.Load(log.LogId, log.Head, long.MaxValue));
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_in_the_file_is_never_served_D6()
    {
        var texts = Enumerable.Range(0, 40).Select(number => $"{number} {new string('x', 500)}").ToArray();
        var random = new Random(4711);
        var served = 0;
        for (var round = 0; round < 60; round++)
        {
            await using var fixture = new StoreFixture();
            foreach (var chunk in texts.Chunk(4))
                await fixture.AppendAsync(chunk);
            await fixture.Store.DisposeAsync();
            var bytes = await File.ReadAllBytesAsync(fixture.Options.DatabasePath, StoreFixture.Deadline);
            bytes[random.Next(100, bytes.Length)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(fixture.Options.DatabasePath, bytes, StoreFixture.Deadline);
            try
            {
                await fixture.ReopenAsync();
                served += AssertOnlyWhatWasWritten(fixture, texts);
            }
            catch (NodeStartException exception)
            {
                Assert.Equal("DATABASE_DAMAGED", exception.Reason);
            }
            catch (StoreException exception)
            {
                Assert.Equal(StoreFailure.Halted, exception.Failure);
            }
        }

        Assert.InRange(served, 40 * 30, 40 * 60);
    }

    [Fact]
    public async Task A_file_that_is_no_database_or_a_newer_one_is_refused()
    {
        await using var fixture = new StoreFixture();
        var newer = await Assert.ThrowsAsync<NodeStartException>(() => fixture.ReopenAsync(() => fixture.Execute("PRAGMA user_version = 3")));
        Assert.Equal("DATABASE_NEWER", newer.Reason);
        await File.WriteAllTextAsync(fixture.Options.DatabasePath, new string('?', 8192), StoreFixture.Deadline);
        var damaged = await Assert.ThrowsAsync<NodeStartException>(() => fixture.ReopenAsync());
        Assert.Equal("DATABASE_DAMAGED", damaged.Reason);
    }

    private static int AssertOnlyWhatWasWritten(StoreFixture fixture, string[] texts)
    {
        var served = 0;
        for (var after = 0ul; after < fixture.Store.LastPosition;)
        {
            var page = fixture.Store.ReadFeed(after, 100, long.MaxValue);
            foreach (var segment in page.Segments)
            {
                var read = StoreFixture.ReadTexts(segment.Header, segment.Body);
                var start = (int)segment.Header.FirstSequence - 1;
                Assert.Equal(texts[start..(start + 4)], read);
                served += read.Count;
                after = segment.LastPosition;
            }

            if (page.Damaged is { } damaged)
                after = damaged.LastPosition;
            else if (page.Segments.Count == 0)
                break;
        }

        return served;
    }
}
