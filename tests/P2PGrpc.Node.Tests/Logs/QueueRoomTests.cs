using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

public sealed class QueueRoomTests
{
    [Fact]
    public async Task S5_Those_who_waited_enter_in_the_order_in_which_they_came()
    {
        var room = new QueueRoom(10);
        var entered = new List<int>();
        await room.EnterAsync(10, () => { }, TestContext.Current.CancellationToken);
        var waiting = Enumerable.Range(0, 100)
            .Select(number => room.EnterAsync(1, () => entered.Add(number), TestContext.Current.CancellationToken)).ToArray();
        Assert.Empty(entered);
        room.Leave(10);
        Assert.Equal(Enumerable.Range(0, 10), entered);
        for (var left = 0; left < 90; left++)
            room.Leave(1);
        await Task.WhenAll(waiting);
        Assert.Equal(Enumerable.Range(0, 100), entered);
    }

    [Fact]
    public async Task Who_gives_up_waiting_never_enters()
    {
        var room = new QueueRoom(1);
        using var giveUp = new CancellationTokenSource();
        var entered = false;
        await room.EnterAsync(1, () => { }, TestContext.Current.CancellationToken);
        var waiting = room.EnterAsync(1, () => entered = true, giveUp.Token);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        room.Leave(1);
        Assert.False(entered);
        await room.EnterAsync(1, () => { }, TestContext.Current.CancellationToken);
    }
}
