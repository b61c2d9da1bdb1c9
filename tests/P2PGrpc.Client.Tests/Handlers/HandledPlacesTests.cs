using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Handlers;

/// <summary>How far may be read ahead of what is handled.</summary>
public sealed class HandledPlacesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task No_more_begins_than_may_stand_behind_the_first_that_is_not_handled()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var places = new HandledPlaces(client, "tests", 3, TimeProvider.System, NullLogger.Instance);
        var first = await BeginAsync(places, 1);
        var second = await BeginAsync(places, 2);
        var third = await BeginAsync(places, 3);
        var fourth = BeginAsync(places, 4);
        places.Complete(second);
        places.Complete(third);
        Assert.False(fourth.IsCompleted);

        places.Complete(first);
        await fourth.WaitAsync(Patience);
        await BeginAsync(places, 5).WaitAsync(Patience);
        await places.FlushAsync();
        Assert.Equal(3ul, Assert.Single(node.Peers.Acknowledges).Cursor.Position);
    }

    [Fact]
    public async Task Whoever_waits_for_room_learns_that_no_more_is_handled()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var places = new HandledPlaces(client, "tests", 1, TimeProvider.System, NullLogger.Instance);
        await BeginAsync(places, 1);
        var second = BeginAsync(places, 2);
        places.Close(new IOException("a worker's end"));
        var fault = await Assert.ThrowsAsync<ChannelClosedException>(() => second.WaitAsync(Patience));
        Assert.IsType<IOException>(fault.InnerException);
    }

    private static Task<HandledPlaces.Place> BeginAsync(HandledPlaces places, ulong position) =>
        places.BeginAsync(new FeedCursor(position, FakeFeed.Check), CancellationToken.None).AsTask();
}
