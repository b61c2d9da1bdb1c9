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

    [Fact]
    public async Task Who_waits_is_woken_by_work_and_by_the_end()
    {
        for (var turn = 0; turn < 100; turn++)
        {
            var taking = Task.Run(() => Take(10), TestContext.Current.CancellationToken);
            queue.TryAdd(new Weighed(1));
            Assert.Single((await taking.WaitAsync(TestNode.Patience, TestContext.Current.CancellationToken))!);
        }

        var ending = Task.Run(() => Take(10), TestContext.Current.CancellationToken);
        queue.Close();
        Assert.Null(await ending.WaitAsync(TestNode.Patience, TestContext.Current.CancellationToken));
    }

    private List<StoreWork>? Take(long weight)
    {
        var taken = new List<StoreWork>();
        return queue.TakeAll(taken, weight) ? taken : null;
    }
}
