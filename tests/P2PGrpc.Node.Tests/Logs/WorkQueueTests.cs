using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.Wire;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

public sealed class WorkQueueTests
{
    private readonly WorkQueue queue = new();

    private sealed class Weighed(long weight) : StoreWork(weight);

    [Fact]
    public void Work_is_taken_in_order_until_it_weighs_enough()
    {
        StoreWork[] added = [new Weighed(4), new Weighed(0), new Weighed(6), new Weighed(1)];
        foreach (var work in added)
            Assert.True(queue.TryAdd(work));
        Assert.Equal(added[..3], Take(10));
        Assert.Equal(added[3..], Take(10));
    }

    [Fact]
    public void Work_heavier_than_the_limit_is_taken_alone()
    {
        queue.TryAdd(new Weighed(50));
        queue.TryAdd(new Weighed(1));
        Assert.Single(Take(10)!);
    }

    [Fact]
    public void A_closed_queue_gives_what_waits_and_takes_nothing_more()
    {
        queue.TryAdd(new Weighed(1));
        queue.Close();
        Assert.False(queue.TryAdd(new Weighed(1)));
        Assert.Single(Take(10)!);
        Assert.Null(Take(10));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_waits_is_woken_by_work_and_by_the_end(bool closes)
    {
        List<StoreWork>? taken = null;
        var taker = new Thread(() => taken = Take(10)) { IsBackground = true };
        taker.Start();
        await Task.Run(() => SpinWait.SpinUntil(() => taker.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TestNode.Patience), TestContext.Current.CancellationToken);
        if (closes)
            queue.Close();
        else
            queue.TryAdd(new Weighed(1));
        Assert.True(taker.Join(TestNode.Patience), "Nobody woke it.");
        Assert.Equal(closes ? null : 1, taken?.Count);
    }

    private List<StoreWork>? Take(long weight)
    {
        var taken = new List<StoreWork>();
        return queue.TakeAll(taken, weight) ? taken : null;
    }
}
