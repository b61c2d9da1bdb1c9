using Microsoft.Data.Sqlite;
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
        Assert.Equal(new DamagedSegment(2, 2, CanBeFetched: true), page.Damaged);
        var beyond = fixture.Store.ReadFeed(page.Damaged!.LastPosition, 10, long.MaxValue);
        Assert.Equal("three", Assert.Single(StoreFixture.ReadTexts(beyond.Segments[0].Header, beyond.Segments[0].Body)));

        var before = Assert.IsType<LoadResult.Segments>(fixture.Store.Load(log.LogId, log.LogId.Empty, long.MaxValue));
        Assert.Single(before.Held);
        Assert.IsType<LoadResult.Damaged>(fixture.Store.Load(log.LogId, log.Head, long.MaxValue));
    }

    [Theory]
    [InlineData("count = 'x'")]
    [InlineData("count = 0")]
    [InlineData("count = -5")]
    [InlineData("count = 17, header = 'text'")]
    public async Task Behind_a_last_segment_that_is_unreadable_the_feed_goes_on_D6(string damage)
    {
        await using var fixture = new StoreFixture();
        await fixture.AppendAsync("one");
        await fixture.AppendAsync("two");
        await fixture.ReopenAsync(() => Assert.Equal(1, fixture.Execute($"UPDATE segment SET {damage} WHERE position = 2")));

        await fixture.AppendAsync("three");

        var page = fixture.Store.ReadFeed(0, 10, long.MaxValue);
        Assert.Equal(1ul, Assert.Single(page.Segments).FirstPosition);
        Assert.Equal(2ul, page.Damaged!.FirstPosition);
        var beyond = fixture.Store.ReadFeed(page.Damaged.LastPosition, 10, long.MaxValue);
        Assert.Equal("three", Assert.Single(StoreFixture.ReadTexts(beyond.Segments[0].Header, beyond.Segments[0].Body)));
    }

    /// <summary>SQLite reads no further at a page whose first bytes are damaged.</summary>
    [Theory]
    [InlineData(0x09, "message 150")]
    [InlineData(0x00, "message 150")]
    [InlineData(0x09, "message 000")]
    public async Task What_lies_behind_a_page_that_is_none_any_more_is_served_D6(byte kind, string inside)
    {
        await using var fixture = new StoreFixture();
        string[] texts = [.. Enumerable.Range(0, 300).Select(number => $"message {number:000} {new string('x', 200)}")];
        foreach (var text in texts)
            await fixture.AppendAsync(text);
        await fixture.ReopenAsync(() => BreakPage(fixture.Options.DatabasePath, inside, kind));

        var served = new SortedDictionary<ulong, string>();
        var damaged = new List<DamagedSegment>();
        for (var after = 0ul; after < fixture.Store.LastPosition;)
        {
            var page = fixture.Store.ReadFeed(after, 1000, long.MaxValue);
            foreach (var segment in page.Segments)
                served.Add(segment.FirstPosition, Assert.Single(StoreFixture.ReadTexts(segment.Header, segment.Body)));
            if (page.Damaged is { } hole)
                damaged.Add(hole);
            after = page.Damaged?.LastPosition ?? page.Segments[^1].LastPosition;
        }

        var gap = Assert.Single(damaged);
        Assert.False(gap.CanBeFetched);
        Assert.InRange(gap.LastPosition - gap.FirstPosition + 1, 2ul, 20ul);
        Assert.InRange((ulong)Array.FindIndex(texts, text => text.StartsWith(inside, StringComparison.Ordinal)) + 1, gap.FirstPosition, gap.LastPosition);
        Assert.Equal(texts.Where((_, index) => (ulong)index + 1 < gap.FirstPosition || (ulong)index + 1 > gap.LastPosition), served.Values);
        Assert.All(served, message => Assert.Equal(texts[message.Key - 1], message.Value));
        Assert.Null(fixture.Store.FindCheck(gap.FirstPosition));
        Assert.Equal(1, fixture.Store.DamagedPlaces);
    }

    /// <summary>Makes the page that holds these words one of another kind, or none.</summary>
    private static void BreakPage(string database, string words, byte kind)
    {
        const int pageLength = 4096;
        var bytes = File.ReadAllBytes(database);
        var page = bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(words)) / pageLength * pageLength;
        Assert.Equal(0x0d, bytes[page]);
        bytes[page] = kind;
        File.WriteAllBytes(database, bytes);
    }

    /// <summary>A flipped bit in a page that leads to others makes SQLite pass over rows without an error.</summary>
    [Fact]
    public async Task Segments_that_are_gone_are_named_and_what_is_behind_them_is_served_D6()
    {
        await using var fixture = new StoreFixture();
        foreach (var text in new[] { "one", "two", "three", "four" })
            await fixture.AppendAsync(text);
        await fixture.ReopenAsync(() => Assert.Equal(2, fixture.Execute("DELETE FROM segment WHERE position IN (2, 3)")));

        var page = fixture.Store.ReadFeed(0, 10, long.MaxValue);
        Assert.Equal(1ul, Assert.Single(page.Segments).FirstPosition);
        Assert.Equal(new DamagedSegment(2, 3, CanBeFetched: false), page.Damaged);
        Assert.Equal(new DamagedSegment(2, 3, CanBeFetched: false), fixture.Store.ReadFeed(1, 10, long.MaxValue).Damaged);
        var beyond = fixture.Store.ReadFeed(3, 10, long.MaxValue);
        Assert.Equal("four", Assert.Single(StoreFixture.ReadTexts(beyond.Segments[0].Header, beyond.Segments[0].Body)));
        Assert.Null(beyond.Damaged);
    }

    /// <summary>A flipped bit may hide the end of the table, too. What is written then must not take the place of what is hidden.</summary>
    [Fact]
    public async Task An_end_that_is_hidden_is_named_and_its_places_are_not_taken_D6()
    {
        await using var fixture = new StoreFixture();
        foreach (var text in new[] { "one", "two", "three", "four" })
            await fixture.AppendAsync(text);
        await fixture.ReopenAsync(() => HideFrom(fixture.Options.DatabasePath, 3));

        await fixture.AppendAsync("goes on");

        var page = fixture.Store.ReadFeed(0, 10, long.MaxValue);
        Assert.Equal(["one", "two"], page.Segments.SelectMany(segment => StoreFixture.ReadTexts(segment.Header, segment.Body)));
        Assert.Equal(3ul, page.Damaged!.FirstPosition);
        var beyond = fixture.Store.ReadFeed(page.Damaged.LastPosition, 10, long.MaxValue);
        Assert.Equal("goes on", Assert.Single(StoreFixture.ReadTexts(beyond.Segments[0].Header, beyond.Segments[0].Body)));
    }

    /// <summary>Of a row on a page that was cut, not even the position can be read.</summary>
    [Fact]
    public async Task Who_goes_on_behind_what_is_damaged_comes_to_the_end_of_a_file_that_was_cut_D6()
    {
        var texts = Enumerable.Range(0, 60).Select(number => $"{number} {new string('x', 300)}").ToArray();
        var damaged = 0;
        for (var cut = 256; cut < 4096; cut += 512)
        {
            await using var fixture = new StoreFixture();
            foreach (var text in texts)
                await fixture.AppendAsync(text);
            await fixture.ReopenAsync(() =>
            {
                using var file = File.OpenWrite(fixture.Options.DatabasePath);
                file.SetLength(file.Length - cut);
            });
            for (var after = 0ul; after < fixture.Store.LastPosition;)
            {
                var page = fixture.Store.ReadFeed(after, 100, long.MaxValue);
                var reached = page.Damaged?.LastPosition ?? page.Segments[^1].LastPosition;
                Assert.InRange(reached, after + 1, fixture.Store.LastPosition);
                Assert.All(page.Segments, segment => Assert.Equal(texts[segment.FirstPosition - 1], Assert.Single(StoreFixture.ReadTexts(segment.Header, segment.Body))));
                damaged += page.Damaged is null ? 0 : 1;
                after = reached;
            }

            var end = fixture.Store.LastPosition;
            await fixture.AppendAsync("goes on");
            var appended = Assert.Single(fixture.Store.ReadFeed(end, 1, long.MaxValue).Segments);
            Assert.Equal("goes on", Assert.Single(StoreFixture.ReadTexts(appended.Header, appended.Body)));
        }

        Assert.NotEqual(0, damaged);
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
        var newer = await Assert.ThrowsAsync<NodeStartException>(() => fixture.ReopenAsync(() => fixture.Execute("PRAGMA user_version = 5")));
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

    /// <summary>Takes rows out of the table and leaves them in the index.</summary>
    private static void HideFrom(string path, int position)
    {
        const string indexed = "type = 'index' AND name = 'segment_by_log'";
        Execute("CREATE TABLE aside AS SELECT * FROM sqlite_schema WHERE " + indexed);
        Execute("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE " + indexed);
        Execute($"DELETE FROM segment WHERE position >= {position}");
        Execute("PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM aside; DROP TABLE aside");

        void Execute(string sql)
        {
            using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }
}
