using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.History;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Tests.Wire;
using Xunit;
using static P2PGrpc.Node.Tests.History.HistoryNode;

namespace P2PGrpc.Node.Tests.History;

/// <summary>Who comes late sees the newest first, marked, while the rest comes in its order.</summary>
public sealed class LookAheadTests
{
    private const int HeldFirst = 50;
    private const int Later = 200;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task S6_The_newest_are_shown_ahead_page_by_page_backwards_and_in_the_same_order_once_they_are_held()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await MeetAsync(alice, bob);
        var sent = await SayAsync(alice, 0, HeldFirst);
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Store.LastPosition == HeldFirst, "bob holds the first");
        using var hold = new BlockingOperation();
        var held = bob.Runtime.Store.WriteAsync(hold, Token);
        hold.WaitUntilReached();
        sent.AddRange(await SayAsync(alice, HeldFirst, Later));
        await RunningNode.WaitUntilAsync(async () => await CountMissingAsync(bob) == Later, "bob knows what is to come");

        var newest = await bob.ListAsync("#friends", request => request.PageSize = 20);
        Assert.Equal(sent[^20..], Texts(newest.Batches));
        Assert.All(newest.Batches, batch => Assert.Equal((true, 0ul, 0ul), (batch.Ahead, batch.FirstPosition, batch.Check)));
        Assert.Equal((ulong)Later, newest.Missing);

        // A gap is marked where it lies, and counted.
        var whole = await bob.ListAsync("#friends", request => (request.FromMs, request.PageSize) = (0, 200));
        var first = whole.Batches.First(batch => batch.Ahead);
        Assert.InRange(first.MissingBefore, 1ul, (ulong)(Later - 20));
        Assert.Equal(first.FirstSequence - HeldFirst - 1, first.MissingBefore);
        Assert.Equal(HeldFirst, whole.Batches.TakeWhile(batch => !batch.Ahead).Sum(batch => batch.Messages.Count));
        Assert.All(whole.Batches.Where(batch => batch != first), batch => Assert.Equal(0ul, batch.MissingBefore));

        Assert.Equal(sent, await bob.WalkBackAsync("#friends", 20));
        var beginning = await bob.ListAsync("#friends", request => (request.FromMs, request.PageSize) = (0, 30));
        Assert.Equal(sent, await bob.WalkOnAsync("#friends", 30, beginning));
        Assert.Equal((HeldFirst, 0), ((int)bob.Runtime.Store.LastPosition, (await bob.ListAsync("#friends", request => request.Author = "self")).Batches.Count));
        Assert.Equal((ulong)HeldFirst, Assert.Single(await bob.ListConversationsAsync()).Messages);

        hold.Open();
        await held;
        while (await CountMissingAsync(bob) > 0)
            Assert.Equal(sent, await bob.WalkBackAsync("#friends", 40));
        Assert.Equal(sent, await bob.WalkBackAsync("#friends", 40));
        var end = await bob.ListAsync("#friends", request => request.PageSize = 200);
        Assert.All(end.Batches, batch => Assert.False(batch.Ahead));
        Assert.Equal((ulong)(HeldFirst + Later), bob.Runtime.Store.LastPosition);
    }

    /// <summary>A newcomer that holds nothing at all of a conversation sees its end, too.</summary>
    [Fact]
    public async Task Who_holds_nothing_yet_sees_the_newest()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await MeetAsync(alice, bob);
        using var hold = new BlockingOperation();
        var held = bob.Runtime.Store.WriteAsync(hold, Token);
        hold.WaitUntilReached();
        var sent = await SayAsync(alice, 0, 70);
        await RunningNode.WaitUntilAsync(async () => await CountMissingAsync(bob) == 70, "bob knows what is to come");
        Assert.Equal(sent, await bob.WalkBackAsync("#friends", 10));
        Assert.Equal(0ul, bob.Runtime.Store.LastPosition);
        hold.Open();
        await held;
        Assert.Equal(sent, (await bob.ReceiveAsync(70)).Select(message => message.Entry.Content.Text));
    }

    /// <summary>A neighbour that answers nothing costs its share of the patience, by the clock, and another one is asked.</summary>
    [Fact]
    public async Task A_neighbour_that_answers_nothing_is_passed_over_for_another()
    {
        // By alice's clock the minute in which she answers so many times is never over.
        var (clock, alices) = (new AskingClock(), new FakeTimeProvider());
        await using var alice = await RunningNode.StartAsync("alice", alices);
        await using var carol = await RunningNode.StartAsync("carol");
        await using var bob = await RunningNode.StartAsync("bob", clock);
        var ticket = await MeetAsync(alice, carol);
        await bob.AddAsync($"carol={carol.Id}@127.0.0.1:{carol.Port}");
        await carol.AddAsync($"bob={bob.Id}@127.0.0.1:{bob.Port}");
        await bob.Runtime.RoomAdministration.JoinAsync(ticket, "", Token);
        var room = carol.Runtime.Recipients.ResolveKnown("#friends");
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Links.FindSharing(room).Count == 2, "bob is linked with both");
        using var hold = new BlockingOperation();
        var held = bob.Runtime.Store.WriteAsync(hold, Token);
        hold.WaitUntilReached();
        var sent = await SayAsync(alice, 0, 30);
        await RunningNode.WaitUntilAsync(() => carol.Runtime.Store.LastPosition == 30, "carol holds them");
        using var holdCarol = new BlockingOperation();
        var heldCarol = carol.Runtime.Store.WriteAsync(holdCarol, Token);
        holdCarol.WaitUntilReached();
        sent.AddRange(await SayAsync(alice, 30, 1));
        var toAlice = bob.Runtime.Links.Find(alice.Runtime.Id)!;
        var toCarol = bob.Runtime.Links.Find(carol.Runtime.Id)!;
        await RunningNode.WaitUntilAsync(
            async () =>
            {
                alices.Advance(TimeSpan.FromMilliseconds(100));
                return (await bob.Runtime.Replication.MeasureAsync(room, [], Token)).Holders is [var most, var less] && (most, less) == (toAlice.Id, toCarol.Id);
            },
            "bob knows that alice holds the most");
        for (var number = 0; number < LinkLimits.RecallsPerMinute; number++)
            Assert.NotNull(await toAlice.Recalls.AskAsync(room, 0).WaitAsync(TestNode.Patience));

        // Now alice passes over what she is asked.
        var page = bob.ListAsync("#friends");
        await clock.Asked.WaitAsync(TestNode.Patience);
        Assert.False(page.IsCompleted);
        clock.Advance(HistoryLimits.NeighbourPatience);
        Assert.Equal(sent[..30], Texts((await page.WaitAsync(TestNode.Patience)).Batches));

        // Nor does the next page wait for her.
        clock.Advance(HistoryLimits.LookAge * 2);
        Assert.Equal(sent[..30], Texts((await bob.ListAsync("#friends").WaitAsync(TestNode.Patience)).Batches));
        hold.Open();
        holdCarol.Open();
        await Task.WhenAll(held, heldCarol);
    }

    private static async Task<ulong> CountMissingAsync(RunningNode node) =>
        (await node.Runtime.Replication.MeasureAsync(node.Runtime.Recipients.ResolveKnown("#friends"), [], Token)).Missing;

    private static async Task<string> MeetAsync(RunningNode host, RunningNode guest)
    {
        await host.Runtime.RoomAdministration.CreateAsync("friends", Token);
        var ticket = host.Runtime.RoomAdministration.WriteTicket("friends");
        await guest.Runtime.RoomAdministration.JoinAsync(ticket, "", Token);
        await RunningNode.WaitUntilAsync(() => host.Runtime.Links.Count > 0 && guest.Runtime.Links.Count > 0, "they are linked");
        return ticket;
    }

    /// <summary>Messages of two kilobytes, each a segment of its own, so that an answer holds some sixty.</summary>
    private static async Task<List<string>> SayAsync(RunningNode node, int first, int count)
    {
        var texts = Enumerable.Range(first, count).Select(number => $"{number} {new string('x', 2000)}").ToList();
        foreach (var text in texts)
            await node.SendAsync("#friends", text);
        return texts;
    }

    /// <summary>A clock that stands still until it is moved, and that knows when somebody waits for a neighbour's answer by it.</summary>
    private sealed class AskingClock : FakeTimeProvider
    {
        private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => asked.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == HistoryLimits.NeighbourPatience)
                asked.TrySetResult();
            return timer;
        }
    }
}
