using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>L1: conversations that come to be shared on a link, or cease to be, while it is up, where its other side has heard this node before.</summary>
public sealed class SharingTests : IDisposable
{
    private static readonly LinkId Link = new(1);

    private readonly IdentityKey self = FromNumber(1);
    private readonly IdentityKey peer = FromNumber(2);
    private readonly Replicator replicator;
    private readonly ConversationId first;
    private readonly ConversationId second;

    public SharingTests()
    {
        first = ConversationId.Direct(self.PeerId, self.PeerId);
        second = ConversationId.Direct(self.PeerId, peer.PeerId);
        replicator = new Replicator(self.PeerId, new ReplicatorLimits(), 10);
    }

    public void Dispose()
    {
        self.Dispose();
        peer.Dispose();
    }

    [Fact]
    public void What_is_shared_from_the_start_is_told_only_beyond_what_was_heard()
    {
        LinkUp(toldThrough: 7);
        var told = Assert.Single(Load(first, (1, 7), (2, 8)).OfType<ReplicatorOutput.SendHave>());
        Assert.Equal([Log(first, 2).LogId], told.Logs.Select(log => log.LogId));
    }

    [Fact]
    public void What_comes_to_be_shared_later_is_told_from_its_beginning()
    {
        LinkUp(toldThrough: 7);
        Load(first, (1, 7));
        Handle(new ReplicatorInput.Sharing(Link, second, null, On: true));
        var told = Assert.Single(Load(second, (1, 3), (2, 6), (3, 9)).OfType<ReplicatorOutput.SendHave>());
        Assert.Equal(3, told.Logs.Count);

        // So is what is shared once more.
        Handle(new ReplicatorInput.Sharing(Link, first, null, On: false));
        var again = Handle(new ReplicatorInput.Sharing(Link, first, null, On: true));
        Assert.Equal([Log(first, 1).LogId], Assert.Single(again.OfType<ReplicatorOutput.SendHave>()).Logs.Select(log => log.LogId));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    [InlineData(false)]
    public void Once_something_comes_to_be_shared_or_ceases_to_be_no_position_is_heard_any_more(bool? change)
    {
        LinkUp(toldThrough: 0);
        Load(first);
        if (change is { } on)
            Handle(new ReplicatorInput.Sharing(Link, on ? second : first, null, on));
        var heard = Handle(new ReplicatorInput.Have(Link, [], 5)).OfType<ReplicatorOutput.HeardThrough>();
        Assert.Equal(change is null ? [5ul] : Array.Empty<ulong>(), heard.Select(through => through.Position));
    }

    /// <summary>V1: a newcomer to a large room may be told more logs than a link may name that are not held; what is held by then does not count.</summary>
    [Fact]
    public void Logs_that_are_held_don_t_count_as_named()
    {
        var limited = new Replicator(self.PeerId, new ReplicatorLimits { LogsPerLink = 3 }, 10);
        var outputs = new List<ReplicatorOutput>();
        limited.Handle(
            TimeSpan.Zero,
            [new ReplicatorInput.LinkUp(Link, peer.PeerId, 1, 0, 0), new ReplicatorInput.Sharing(Link, first, null, On: true)], outputs);
        limited.Handle(TimeSpan.Zero, HeadsLoaded(first, [.. Enumerable.Range(1, 8).Select(number => (number, (ulong)number))]), outputs);
        for (var number = 1; number <= 8; number++)
            limited.Handle(TimeSpan.Zero, new ReplicatorInput.Have(Link, [Log(first, number)], null), outputs);
        Assert.Empty(outputs.OfType<ReplicatorOutput.Close>());
        for (var number = 11; number <= 14; number++)
            limited.Handle(TimeSpan.Zero, new ReplicatorInput.Have(Link, [Log(first, number)], null), outputs);
        Assert.Equal(CloseReason.TooManyLogs, Assert.Single(outputs.OfType<ReplicatorOutput.Close>()).Reason);
    }

    /// <summary>What is still to come is what others told of and this node does not hold, as far as it would take it.</summary>
    [Fact]
    public void What_is_still_to_come_is_counted()
    {
        LinkUp(toldThrough: 0);
        Load(first, (1, 1));
        Assert.Equal(0ul, Measure());
        var (held, unknown) = (Log(first, 1), Log(first, 2));
        Handle(new ReplicatorInput.Have(Link, [held with { Head = new Head(6, second.Value) }, unknown with { Head = new Head(3, second.Value) }], null));
        Assert.Equal(8ul, Measure());
        Handle(new ReplicatorInput.Stored(unknown.Log, unknown.LogId, new Head(2, second.Value), 9, Recovered: true));
        Assert.Equal(6ul, Measure());
        Handle(new ReplicatorInput.Interest(first, peer.PeerId, Wanted: false));
        Assert.Equal(0ul, Measure());
    }

    /// <summary>Who looks ahead asks who holds the most of what is still to come, and shows of the answer what would be taken and is not held.</summary>
    [Fact]
    public void Who_holds_what_is_still_to_come_and_how_logs_stand_is_told()
    {
        LinkUp(toldThrough: 0);
        var other = new LinkId(2);
        replicator.Handle(
            TimeSpan.Zero,
            [new ReplicatorInput.LinkUp(other, FromNumber(9).PeerId, 1, 0, 0), new ReplicatorInput.Sharing(other, first, null, On: true)], []);
        Load(first, (1, 1));
        var (held, unknown) = (Log(first, 1), Log(first, 2));
        Assert.Empty(MeasureAll().Holders);
        Handle(new ReplicatorInput.Have(Link, [held with { Head = new Head(3, second.Value) }], null));
        Handle(new ReplicatorInput.Have(other, [held with { Head = new Head(2, second.Value) }, unknown with { Head = new Head(4, second.Value) }], null));
        var measured = MeasureAll(held.Log, unknown.Log, Log(first, 3).Log);
        Assert.Equal(6ul, measured.Missing);
        Assert.Equal([other, Link], measured.Holders);
        Assert.Equal([new LogStanding(1, true), new LogStanding(0, true), new LogStanding(0, true)], measured.Standings.OrderByDescending(each => each.Value.Durable).Select(each => each.Value));
        Handle(new ReplicatorInput.Interest(first, peer.PeerId, Wanted: false));
        measured = MeasureAll(held.Log, Log(first, 3).Log);
        Assert.Empty(measured.Holders);
        Assert.All(measured.Standings.Values, standing => Assert.False(standing.Taken));
    }

    private ulong Measure() => MeasureAll().Missing;

    private Backlog MeasureAll(params LogKey[] logs) =>
        Assert.Single(Handle(new ReplicatorInput.Measure(first, logs, 7)).OfType<ReplicatorOutput.Measured>(), measured => measured.Number == 7).Backlog;

    private static IdentityKey FromNumber(byte number) => IdentityKey.FromSeed([.. Enumerable.Repeat(number, IdentityKey.SeedLength)]);

    private void LinkUp(ulong toldThrough) => replicator.Handle(
        TimeSpan.Zero,
        [new ReplicatorInput.LinkUp(Link, peer.PeerId, 1, 0, toldThrough), new ReplicatorInput.Sharing(Link, first, null, On: true)],
        []);

    private List<ReplicatorOutput> Load(ConversationId conversation, params (int Number, ulong Position)[] logs) => Handle(HeadsLoaded(conversation, logs));

    private ReplicatorInput.HeadsLoaded HeadsLoaded(ConversationId conversation, (int Number, ulong Position)[] logs) => new(
        conversation, [.. logs.Select(log => Log(conversation, log.Number)).Zip(logs, (head, log) => new StoredHead(head.Log, head.LogId, head.Head, log.Position, Frozen: false))],
        null);

    private LogHead Log(ConversationId conversation, int number)
    {
        var key = new LogKey(conversation, peer.PeerId, (ulong)number);
        return new LogHead(key, key.ToLogId(), new Head(1, first.Value));
    }

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(TimeSpan.FromSeconds(1), input, outputs);
        return outputs;
    }
}
