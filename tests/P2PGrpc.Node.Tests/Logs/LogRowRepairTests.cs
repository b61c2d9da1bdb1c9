using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>D6, S2: a bit that flips where a log is named makes no message come twice, and keeps none away.</summary>
public sealed class LogRowRepairTests : IDisposable
{
    private static readonly string[] All = ["one", "two", "three"];

    private readonly IdentityKey author = StoreFixture.MakeKey(2);

    public void Dispose() => author.Dispose();

    [Theory]
    [InlineData("log_id = cast(x'00' || substr(log_id, 2) AS BLOB)")]
    [InlineData("conversation = cast(x'00' || substr(conversation, 2) AS BLOB)")]
    [InlineData("author = cast(x'00' || substr(author, 2) AS BLOB)")]
    [InlineData("author = 7")]
    [InlineData("epoch = epoch + 1024")]
    public async Task D6_S2_A_wrong_row_of_a_log_is_mended_at_the_start(string change)
    {
        await using var fixture = new StoreFixture();
        var segments = await FillAsync(fixture);
        await fixture.ReopenAsync(() => Assert.Equal(1, fixture.Execute($"UPDATE log SET {change} WHERE id = (SELECT log FROM segment LIMIT 1)")));
        await CheckAsync(fixture, segments);
    }

    /// <summary>In the file itself: in the row, and in each of the indexes that name the log once more.</summary>
    [Fact]
    public async Task D6_S2_A_bit_that_flips_where_the_file_names_a_log_is_mended_at_the_start()
    {
        var mended = 0;
        for (var place = 0; ; place++)
        {
            await using var fixture = new StoreFixture();
            var segments = await FillAsync(fixture);
            var flipped = 0;
            await fixture.ReopenAsync(() => flipped = Flip(fixture.Options.DatabasePath, segments[0].Header.LogId.Value.ToArray(), place));
            if (flipped == 0)
            {
                Assert.Equal(3, mended);
                return;
            }

            // The first segment's header names the log, too: that is damage of its own, which peers mend.
            if (fixture.Store.ReadFeed(0, 10, long.MaxValue).Damaged is not null)
                continue;
            await CheckAsync(fixture, segments);
            mended++;
        }
    }

    private static int Flip(string path, byte[] sought, int place)
    {
        var bytes = File.ReadAllBytes(path);
        var found = -1;
        for (var number = 0; number <= place; number++)
        {
            var next = bytes.AsSpan(found + 1).IndexOf(sought);
            if (next < 0)
                return 0;
            found += 1 + next;
        }

        bytes[found + 5] ^= 16;
        File.WriteAllBytes(path, bytes);
        return 1;
    }

    private async Task<List<(SegmentHeader Header, SegmentBytes Body)>> FillAsync(StoreFixture fixture)
    {
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var head = log.ToLogId().Empty;
        var segments = new List<(SegmentHeader, SegmentBytes)>();
        foreach (var text in All)
        {
            var (header, body) = StoreFixture.MakeSegment(author, log, head, text);
            segments.Add((header, body));
            head = header.Head;
        }

        await StoreAsync(fixture, segments[0]);
        await StoreAsync(fixture, segments[1]);
        return segments;
    }

    private static async Task CheckAsync(StoreFixture fixture, List<(SegmentHeader Header, SegmentBytes Body)> segments)
    {
        var heads = fixture.Store.LoadHeads(fixture.Conversation, null, 10).Heads;
        Assert.Equal(segments[1].Header.Head, Assert.Single(heads).Head);
        foreach (var segment in segments)
            await StoreAsync(fixture, segment);
        Assert.Equal(All, fixture.ReadAll());
    }

    private static Task StoreAsync(StoreFixture fixture, (SegmentHeader Header, SegmentBytes Body) segment)
    {
        fixture.Store.Store(segment.Header, segment.Body, 0);
        return fixture.SettleAsync();
    }
}
