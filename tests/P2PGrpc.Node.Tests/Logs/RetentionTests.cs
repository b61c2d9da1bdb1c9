using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>What is erased by age and by bytes, and what never is.</summary>
public sealed class RetentionTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task Nothing_is_erased_unless_somebody_says_so()
    {
        await using var fixture = new StoreFixture();
        await using var retention = Create(fixture, default);
        await AppendAsync(fixture, Self(fixture), "old");
        fixture.Time.Advance(1000 * Day);
        await LookAsync(retention);
        Assert.Equal(["old"], ReadHeld(fixture));
        Assert.Null(retention.CountHeld(Self(fixture)));
    }

    [Fact]
    public async Task What_is_older_than_so_many_days_of_running_is_erased_and_nothing_else()
    {
        await using var fixture = new StoreFixture();
        await using var retention = Create(fixture, new RetentionLimits(2, null));
        await AppendAsync(fixture, Self(fixture), "first");
        await LookAsync(retention);
        fixture.Time.Advance(Day);
        await AppendAsync(fixture, Self(fixture), "second");
        await LookAsync(retention);
        fixture.Time.Advance(Day - TimeSpan.FromMinutes(1));
        await LookAsync(retention);
        Assert.Equal(["first", "second"], ReadHeld(fixture));
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        await LookAsync(retention);
        Assert.Equal(["second"], ReadHeld(fixture));
        fixture.Time.Advance(Day);
        await LookAsync(retention);
        Assert.Empty(ReadHeld(fixture));
        Assert.Equal(2u, fixture.Store.LastPosition);
    }

    /// <summary>V3: a clock that jumps, or a node that was off, makes nothing old.</summary>
    [Fact]
    public async Task The_wall_clock_ages_nothing_and_running_time_is_kept_over_starts_V3()
    {
        await using var fixture = new StoreFixture();
        await AppendAsync(fixture, Self(fixture), "first");
        await using (var retention = Create(fixture, new RetentionLimits(2, null)))
        {
            await LookAsync(retention);
            fixture.Time.Advance(Day);
            await LookAsync(retention);
        }

        await fixture.ReopenAsync(() => fixture.Time.AdjustTime(fixture.Time.GetUtcNow() + 400 * Day));
        await using var again = Create(fixture, new RetentionLimits(2, null));
        await LookAsync(again);
        Assert.Equal(["first"], ReadHeld(fixture));
        fixture.Time.Advance(Day);
        await LookAsync(again);
        Assert.Empty(ReadHeld(fixture));
    }

    [Fact]
    public async Task Beyond_so_many_bytes_the_oldest_of_all_conversations_go_first()
    {
        await using var fixture = new StoreFixture();
        using var author = StoreFixture.MakeKey(2);
        var other = new Writer(author, fixture.Conversation);
        for (var number = 0; number < 10; number++)
        {
            if (number % 2 == 0)
                await AppendAsync(fixture, Self(fixture), Large(number));
            else
                other.Write(fixture.Store, Large(number));
            await fixture.SettleAsync();
        }

        await using var retention = Create(fixture, new RetentionLimits(null, 4500));
        await LookAsync(retention);
        Assert.Equal([6, 7, 8, 9], ReadNumbers(fixture));

        // What comes is counted as it comes.
        other.Write(fixture.Store, Large(10));
        await fixture.SettleAsync();
        await LookAsync(retention);
        Assert.Equal([7, 8, 9, 10], ReadNumbers(fixture));
        Assert.InRange(retention.CountHeld(fixture.Conversation)!.Value, 3000, 3300);

        await fixture.ReopenAsync();
        await using var again = Create(fixture, new RetentionLimits(null, 3500));
        await LookAsync(again);
        Assert.Equal([8, 9, 10], ReadNumbers(fixture));
    }

    /// <summary>Who asks while it is counted gets nothing, not a part of it.</summary>
    [Fact]
    public async Task What_is_held_is_told_whole_or_not_at_all()
    {
        await using var fixture = new StoreFixture();
        var conversation = Self(fixture);
        await Task.WhenAll(Enumerable.Range(0, 4000).Select(number => AppendAsync(fixture, conversation, $"{number}")));
        await using var retention = Create(fixture, new RetentionLimits(null, 1L << 40));
        var look = Task.Run(() => LookAsync(retention));
        var told = new HashSet<long>();
        while (!look.IsCompleted)
            if (retention.CountHeld(conversation) is { } bytes)
                told.Add(bytes);
        await look;
        told.Add(retention.CountHeld(conversation)!.Value);
        Assert.Single(told);
    }

    [Fact]
    public async Task A_conversation_of_its_own_days_and_bytes_leaves_the_others_alone()
    {
        await using var fixture = new StoreFixture();
        using var author = StoreFixture.MakeKey(2);
        var other = new Writer(author, fixture.Conversation);
        await using var retention = Create(fixture, new RetentionLimits(10, null));
        for (var number = 0; number < 6; number++)
        {
            await AppendAsync(fixture, Self(fixture), Large(number));
            other.Write(fixture.Store, Large(100 + number));
            await fixture.SettleAsync();
        }

        await retention.SetAsync(fixture.Conversation, new RetentionLimits(null, 2500), StoreFixture.Deadline);
        await LookAsync(retention);
        Assert.Equal([0, 1, 2, 3, 4, 104, 5, 105], ReadNumbers(fixture));

        await retention.SetAsync(fixture.Conversation, new RetentionLimits(1, null), StoreFixture.Deadline);
        fixture.Time.Advance(Day);
        await LookAsync(retention);
        Assert.Equal([0, 1, 2, 3, 4, 5], ReadNumbers(fixture));

        await fixture.ReopenAsync();
        await using var again = Create(fixture, default);
        Assert.Equal(new RetentionLimits(1, null), again.Settings.Own[fixture.Conversation]);
        await again.SetAsync(fixture.Conversation, default, StoreFixture.Deadline);
        Assert.Empty(again.Settings.Own);
        await fixture.ReopenAsync();
        await using var last = Create(fixture, default);
        Assert.True(last.Settings.IsEmpty);
    }

    /// <summary>D1: what was accepted is delivered, however little is to be kept.</summary>
    [Fact]
    public async Task What_nobody_else_holds_is_never_erased_and_does_not_count_and_goes_once_it_is_delivered_D1()
    {
        await using var fixture = new StoreFixture();
        using var peer = StoreFixture.MakeKey(2);
        var theirs = new Writer(peer, fixture.Conversation);
        theirs.Write(fixture.Store, Large(0));
        for (var number = 1; number < 5; number++)
            await AppendAsync(fixture, fixture.Conversation, Large(number));
        theirs.Write(fixture.Store, Large(5));
        await fixture.SettleAsync();
        await using var retention = Create(fixture, new RetentionLimits(1, 1500));
        await LookAsync(retention);
        Assert.Equal([1, 2, 3, 4, 5], ReadNumbers(fixture));
        fixture.Time.Advance(Day);
        await LookAsync(retention);
        Assert.Equal([1, 2, 3, 4], ReadNumbers(fixture));

        var own = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments.Where(segment => segment.Header.Log.Author == fixture.Identity.PeerId).ToArray();
        fixture.Store.RecordAcknowledged(peer.PeerId, own[1].Header.Log, own[1].Header.LogId, own[1].Header.Head);
        await fixture.ReopenAsync();
        await using var again = Create(fixture, new RetentionLimits(1, 1500));
        await LookAsync(again);
        Assert.Equal([3, 4], ReadNumbers(fixture));
        fixture.Store.RecordAcknowledged(peer.PeerId, own[3].Header.Log, own[3].Header.LogId, own[3].Header.Head);
        await LookAsync(again);
        Assert.Empty(ReadNumbers(fixture));
        Assert.Empty(fixture.Store.ReadSpared(0, 10));
    }

    [Fact]
    public async Task In_a_room_it_is_enough_that_anybody_holds_it()
    {
        await using var fixture = new StoreFixture();
        using var member = StoreFixture.MakeKey(3);
        var room = new ConversationId(StoreFixture.MakeKey(9).PeerId.Value);
        await AppendAsync(fixture, room, Large(0));
        await using var retention = Create(fixture, new RetentionLimits(null, 1));
        await LookAsync(retention);
        Assert.Equal([0], ReadNumbers(fixture));
        var own = fixture.Store.ReadFeed(0, 10, long.MaxValue).Segments[0].Header;
        fixture.Store.RecordAcknowledged(member.PeerId, own.Log, own.LogId, own.Head);
        await LookAsync(retention);
        Assert.Empty(ReadNumbers(fixture));
    }

    /// <summary>Runs by itself, and stops at once.</summary>
    [Fact]
    public async Task What_is_beyond_the_limit_is_erased_in_the_background()
    {
        await using var fixture = new StoreFixture();
        await using var retention = new Retention(
            fixture.Store, new RetentionLimits(null, 20_000), () => false, TimeProvider.System, NullLogger.Instance);
        retention.Start();
        for (var number = 0; number < 200; number++)
            await AppendAsync(fixture, Self(fixture), Large(number));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (ReadNumbers(fixture).Count > 21)
            await timer.WaitForNextTickAsync(StoreFixture.Deadline);
        Assert.Equal(199, ReadNumbers(fixture)[^1]);
    }

    /// <summary>However much there is, each step is small: others are served between them.</summary>
    [Fact]
    public async Task Many_segments_are_erased_in_many_transactions()
    {
        await using var fixture = new StoreFixture();
        for (var number = 0; number < 300; number++)
            await AppendAsync(fixture, Self(fixture), $"{number}");
        var before = fixture.Store.Commits;
        var told = 0;
        fixture.Store.Erased += erased => told += erased.Segments.Count;
        await using var retention = Create(fixture, new RetentionLimits(null, 1));
        await LookAsync(retention);
        await fixture.SettleAsync();
        Assert.Empty(ReadHeld(fixture));
        Assert.Equal(300, told);
        Assert.InRange(fixture.Store.Commits - before, 5, 300);
    }

    /// <summary>Whoever was told that more is kept may rely on it from then on, though a look is under way.</summary>
    [Fact]
    public async Task A_look_that_is_under_way_erases_nothing_that_new_limits_keep()
    {
        await using var fixture = new StoreFixture();
        await AppendAsync(fixture, Self(fixture), "before");
        await using var retention = Create(fixture, new RetentionLimits(null, 0));
        using var gate = new BlockingOperation();
        var blocked = fixture.Store.WriteAsync(gate, StoreFixture.Deadline);
        gate.WaitUntilReached();
        var look = LookAsync(retention);
        await retention.SetNodeAsync(new RetentionLimits(null, 1_000_000), StoreFixture.Deadline);
        var appended = AppendAsync(fixture, Self(fixture), "after");
        gate.Open();
        await blocked;
        await appended;
        await look;
        Assert.Equal(["before", "after"], ReadHeld(fixture));

        await retention.SetNodeAsync(new RetentionLimits(null, 0), StoreFixture.Deadline);
        await LookAsync(retention);
        Assert.Empty(ReadHeld(fixture));
    }

    private static Retention Create(StoreFixture fixture, RetentionLimits limits) =>
        new(fixture.Store, limits, () => false, fixture.Time, NullLogger.Instance);

    private static Task LookAsync(Retention retention) => retention.LookAsync(StoreFixture.Deadline);

    private static ConversationId Self(StoreFixture fixture) => ConversationId.Direct(fixture.Identity.PeerId, fixture.Identity.PeerId);

    private static Task<AppendResult[]> AppendAsync(StoreFixture fixture, ConversationId conversation, string text) =>
        fixture.Store.AppendAsync(conversation, [StoreFixture.MakeDraft(text)], StoreFixture.Deadline);

    private static string Large(int number) => $"{number} {new string('x', 1000)}";

    private static List<int> ReadNumbers(StoreFixture fixture) =>
        [.. ReadHeld(fixture).Select(text => int.Parse(text.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture))];

    private static List<string> ReadHeld(StoreFixture fixture)
    {
        var texts = new List<string>();
        var after = 0ul;
        while (fixture.Store.ReadFeed(after, 100, long.MaxValue) is { Segments: { Count: > 0 } segments })
        {
            texts.AddRange(segments.Where(segment => !segment.Erased).SelectMany(segment => StoreFixture.ReadTexts(segment.Header, segment.Body)));
            after = segments[^1].LastPosition;
        }

        return texts;
    }

    /// <summary>Somebody else's log.</summary>
    private sealed class Writer(Core.Identity.IdentityKey author, ConversationId conversation)
    {
        private readonly LogKey log = new(conversation, author.PeerId, 7);
        private Head? head;

        public void Write(LogStore store, string text)
        {
            var segment = StoreFixture.MakeSegment(author, log, head ?? log.ToLogId().Empty, text);
            store.Store(segment.Header, segment.Body, 0);
            head = segment.Header.Head;
        }
    }
}
