using P2PGrpc.Cli.Run;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class IdleHeapTests
{
    [Fact]
    public void Memory_is_given_back_once_after_each_busy_time_the_start_among_them()
    {
        var heap = new IdleHeap();
        var allocated = 0L;
        bool After(long more) => heap.IsDue(allocated += more);

        // The start is a busy time of its own.
        Assert.True(After(0));
        Assert.False(After(IdleHeap.BusyBytes));
        Assert.False(After(IdleHeap.BusyBytes + 1));
        Assert.Equal([false, false, false, true, false, false, false], Enumerable.Range(0, 7).Select(_ => After(0)));
        Assert.False(After(IdleHeap.BusyBytes + 1));
        Assert.False(After(0));
        Assert.False(After(IdleHeap.BusyBytes + 1));
        Assert.False(After(0));
        Assert.True(After(0));
        Assert.False(After(0));
    }
}
