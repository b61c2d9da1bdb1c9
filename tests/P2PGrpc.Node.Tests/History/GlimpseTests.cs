using CsCheck;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.History;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;
using Xunit;
using Chain = System.Collections.Generic.List<(P2PGrpc.Core.Logs.SegmentHeader Header, System.ReadOnlyMemory<byte> Body)>;

namespace P2PGrpc.Node.Tests.History;

/// <summary>What is kept of what was seen ahead of replication, and how it is joined with what is held.</summary>
public sealed class GlimpseTests : IDisposable
{
    private readonly IdentityKey author = StoreFixture.MakeKey(2);
    private readonly LinkId alice = new(1);
    private readonly LinkId carol = new(2);
    private readonly Glimpse glimpse = new();

    public void Dispose() => author.Dispose();

    [Fact]
    public void It_goes_on_backwards_where_the_answer_before_ended()
    {
        var chain = MakeChain(7, 10);
        Assert.True(glimpse.Take(alice, 0, Stretch(chain, 7, 10, before: 70), 1));
        Assert.Equal(((ulong)70, Place(chain, 7)), (glimpse.Before, glimpse.Oldest));
        Assert.True(glimpse.Take(alice, 70, Stretch(chain, 4, 7, before: 40), 2));
        Assert.Equal(Sequences(5, 10), Shown());
        Assert.False(glimpse.Take(alice, 70, Stretch(chain, 0, 4, before: 0), 3));
        Assert.False(glimpse.Take(carol, 40, Stretch(chain, 0, 4, before: 0), 3));
        Assert.Equal((40ul, Place(chain, 4)), (glimpse.Before, glimpse.Oldest));
        Assert.True(glimpse.Take(alice, 40, Stretch(chain, 0, 4, before: 0), 4));
        Assert.Equal(Sequences(1, 10), Shown());
        Assert.Equal(0ul, glimpse.Before);
    }

    [Fact]
    public void A_new_end_that_reaches_down_to_what_was_seen_adds_to_it_and_another_one_replaces_it()
    {
        var chain = MakeChain(7, 30);
        glimpse.Take(alice, 0, Stretch(chain, 5, 10, before: 50), 1);
        glimpse.Take(alice, 0, Stretch(chain, 9, 15, before: 90), 2);
        Assert.Equal(Sequences(6, 15), Shown());
        Assert.Equal(50ul, glimpse.Before);
        glimpse.Take(carol, 0, Stretch(chain, 12, 16, before: 3), 3);
        Assert.Equal(Sequences(6, 16), Shown());
        Assert.Equal((3ul, carol), (glimpse.Before, glimpse.Source));
        glimpse.Take(alice, 0, Stretch(chain, 25, 30, before: 99), 4);
        Assert.Equal(Sequences(26, 30), Shown());
        Assert.Equal(99ul, glimpse.Before);
        Assert.False(glimpse.Take(carol, 0, new RecalledStretch([], 0), 5));
        Assert.Equal(Sequences(26, 30), Shown());
    }

    /// <summary>V1: also where a segment of few bytes unfolds into thousands of messages.</summary>
    [Fact]
    public void V1_It_stays_bounded_and_the_oldest_go_first()
    {
        var chain = MakeChain(7, 40, texts: LogLimits.EntryCount);
        var before = 1000ul;
        glimpse.Take(alice, 0, Stretch(chain, 39, 40, before), 1);
        for (var index = 38; index >= 0 && glimpse.Before > 0; index--)
            glimpse.Take(alice, glimpse.Before, Stretch(chain, index, index + 1, --before), 1);
        Assert.InRange(glimpse.Weight, HistoryLimits.AheadPerConversation / 2, HistoryLimits.AheadPerConversation);
        Assert.Equal(0ul, glimpse.Before);
        Assert.Equal(chain[^1].Header.LastSequence, glimpse.Messages[^1].Place.Sequence);
        Assert.Equal(glimpse.Messages.Count, glimpse.Messages.Select(message => message.Segment.Header.Hash).Distinct().Count() * LogLimits.EntryCount);
    }

    /// <summary>V1: they could neither be shown nor let go of.</summary>
    [Fact]
    public void V1_Segments_that_show_nothing_are_not_kept()
    {
        var chain = MakeChain(7, 3);
        var body = new SegmentBodyBuilder().Build();
        var blank = SegmentHeader.Sign(author, chain[0].Header.Log, chain[2].Header.Head, LogLimits.EntryCount, body, []);
        Assert.True(glimpse.Take(alice, 0, new RecalledStretch([(blank, new SegmentBytes(body).Body), .. chain], 0), 1));
        Assert.Equal(Sequences(1, 3), Shown());
        Assert.Equal(chain.Sum(segment => Glimpse.Weigh(segment.Header)), glimpse.Weight);
    }

    [Fact]
    public void What_is_held_by_now_is_let_go()
    {
        var chain = MakeChain(7, 10);
        glimpse.Take(alice, 0, Stretch(chain, 4, 10, before: 0), 1);
        glimpse.Drop(Standing(chain, durable: 7));
        Assert.Equal(Sequences(8, 10), Shown());
        glimpse.Drop(Standing(chain, durable: 10));
        Assert.Equal(0, glimpse.Weight);
    }

    [Fact]
    public void Gaps_are_counted_in_each_log_between_what_is_held_and_what_was_seen()
    {
        var (chain, other) = (MakeChain(7, 12), MakeChain(8, 6));
        glimpse.Take(alice, 0, new RecalledStretch([.. chain[9..], .. chain[5..7], .. other[..2]], 5), 1);
        var view = new AheadView(glimpse.Messages, Standing(chain, durable: 2), null);
        Assert.Equal(
            [(6ul, 3ul), (7ul, 0ul), (10ul, 2ul), (11ul, 0ul), (12ul, 0ul)],
            All(view).Where(message => message.Place.Epoch == 7).Select(message => (message.Place.Sequence, view.CountMissingBefore(message))));
        Assert.All(All(view).Where(message => message.Place.Epoch == 8), message => Assert.Equal(0ul, view.CountMissingBefore(message)));
        Assert.False(view.GoesOnBefore(HistoryPlace.End));
    }

    [Fact]
    public void Of_logs_that_would_not_be_taken_nothing_is_shown()
    {
        var (chain, other) = (MakeChain(7, 3), MakeChain(8, 3));
        glimpse.Take(alice, 0, new RecalledStretch([.. chain, .. other], 0), 1);
        var view = new AheadView(glimpse.Messages, new Backlog(9, [], new Dictionary<LogId, LogStanding> { [chain[0].Header.LogId] = new(0, Taken: false) }), null);
        Assert.All(All(view), message => Assert.Equal(8ul, message.Place.Epoch));
        Assert.False(view.IsEmpty);
    }

    /// <summary>S6: whatever of a conversation is held and whatever was seen, walking in either direction shows all of both, once, in the order of the conversation.</summary>
    [Fact]
    public void S6_Held_and_seen_join_to_one_order_in_both_directions()
    {
        var chain = MakeChain(7, 12);
        glimpse.Take(alice, 0, new RecalledStretch(chain, 0), 1);
        var all = glimpse.Messages;
        Gen.Select(Gen.Int[0, 2].Array[all.Count], Gen.Int[1, 5], Gen.Bool).Sample((kinds, size, older) =>
        {
            // 0: held only, 1: seen only, 2: both, as it is while the one turns into the other.
            var held = all.Select((message, index) => new PlacedMessage(message.Place, (ulong)index + 1)).Where((_, index) => kinds[index] != 1).ToList();
            var view = new AheadView([.. all.Where((_, index) => kinds[index] != 0)], Backlog.None, null);
            var walked = new List<PagedMessage>();
            for (var place = older ? HistoryPlace.End : HistoryPlace.Beginning; ; place = walked[^1].Place)
            {
                var next = held.Where(message => message.Place.CompareTo(place) is var order && (older ? order < 0 : order > 0));
                var page = PagedMessage.Join([.. (older ? next.Reverse() : next).Take(size)], view.List(place, older, size), older, size);
                if (page.Count == 0)
                    break;
                walked.AddRange(page);
            }

            if (older)
                walked.Reverse();
            Assert.Equal(all.Select(message => message.Place), walked.Select(message => message.Place));
            Assert.Equal(kinds.Select(kind => kind == 1), walked.Select(message => message.Ahead is not null));
        });
    }

    private static List<AheadMessage> All(AheadView view) => [.. view.List(HistoryPlace.Beginning, older: false, int.MaxValue)];

    private static Backlog Standing(Chain chain, ulong durable) =>
        new(100, [], new Dictionary<LogId, LogStanding> { [chain[0].Header.LogId] = new(durable, Taken: true) });

    private static HistoryPlace Place(Chain chain, int index) => HistoryPlace.Of(chain[index].Header, 0, 1);

    private static List<ulong> Sequences(int first, int last) => [.. Enumerable.Range(first, last - first + 1).Select(number => (ulong)number)];

    private List<ulong> Shown() => [.. glimpse.Messages.Select(message => message.Place.Sequence)];

    private static RecalledStretch Stretch(Chain chain, int from, int to, ulong before) => new([.. chain[from..to].AsEnumerable().Reverse()], before);

    private Chain MakeChain(ulong epoch, int count, int texts = 1)
    {
        var log = new LogKey(ConversationId.Direct(author.PeerId, default), author.PeerId, epoch);
        var head = log.ToLogId().Empty;
        var chain = new Chain();
        for (var number = 0; number < count; number++)
        {
            var (header, body) = StoreFixture.MakeSegment(author, log, head, [.. Enumerable.Repeat("", texts)]);
            chain.Add((header, body.Body));
            head = header.Head;
        }

        return chain;
    }
}
