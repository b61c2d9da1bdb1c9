using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Delivery;

/// <summary>Subscriptions on one node, fed by messages to itself.</summary>
public sealed class SubscriptionTests
{
    [Fact]
    public async Task S5_A_named_consumer_goes_on_after_what_it_acknowledged()
    {
        await using var node = await RunningNode.StartAsync("node");
        await node.SendAsync("self", "before");
        // A new consumer begins at the end, and that beginning is kept although nothing was acknowledged.
        await using (var first = node.Runtime.Subscriptions.SubscribeAsync(new SubscribeRequest { Consumer = "c" }, default).GetAsyncEnumerator())
        {
            Assert.True(await first.MoveNextAsync());
            Assert.True(first.Current.CaughtUp);
            Assert.Empty(first.Current.Batches);
        }

        foreach (var text in new[] { "one", "two", "three" })
            await node.SendAsync("self", text);
        var received = await node.ReceiveAsync(3, request => { request.Consumer = "c"; request.ClearStart(); });
        Assert.Equal(["one", "two", "three"], received.Select(message => message.Entry.Content.Text));

        // Nothing acknowledged: all come again. Acknowledged in the middle: only the rest.
        Assert.Equal(3, (await node.ReceiveAsync(3, request => { request.Consumer = "c"; request.ClearStart(); })).Count);
        var second = received[1];
        var cursor = new Cursor { Position = second.Batch.FirstPosition + (ulong)second.Batch.Messages.IndexOf(second.Entry), Check = second.Batch.Check };
        await node.Runtime.Consumers.AcknowledgeAsync("c", cursor, default);
        Assert.Equal("three", Assert.Single(await node.ReceiveAsync(1, request => { request.Consumer = "c"; request.ClearStart(); })).Entry.Content.Text);

        await node.StopAsync();
        await node.StartAgainAsync();
        Assert.Equal("three", Assert.Single(await node.ReceiveAsync(1, request => { request.Consumer = "c"; request.ClearStart(); })).Entry.Content.Text);
    }

    [Fact]
    public async Task A_second_subscriber_of_the_same_name_takes_over()
    {
        await using var node = await RunningNode.StartAsync("node");
        await using var first = node.Runtime.Subscriptions.SubscribeAsync(new SubscribeRequest { Consumer = "c" }, default).GetAsyncEnumerator();
        Assert.True(await first.MoveNextAsync());
        var waiting = first.MoveNextAsync().AsTask();
        await using var second = node.Runtime.Subscriptions.SubscribeAsync(new SubscribeRequest { Consumer = "c" }, default).GetAsyncEnumerator();
        Assert.True(await second.MoveNextAsync());
        var ended = await Assert.ThrowsAsync<NodeRequestException>(() => waiting.WaitAsync(RunningNode.Patience));
        Assert.Equal((StatusCode.Aborted, "CONSUMER_TAKEN_OVER"), (ended.Status, ended.Reason));
        await node.SendAsync("self", "for the second");
        Assert.True(await second.MoveNextAsync());
        Assert.Equal("for the second", second.Current.Batches[0].Messages[0].Content.Text);
    }

    [Fact]
    public async Task Wrong_names_and_cursors_are_refused()
    {
        await using var node = await RunningNode.StartAsync("node");
        await node.SendAsync("self", "one");
        var name = await Assert.ThrowsAsync<NodeRequestException>(() => node.ReceiveAsync(1, request => request.Consumer = "Not A Name"));
        Assert.Equal("consumer", name.Field);
        var foreign = await Assert.ThrowsAsync<NodeRequestException>(
            () => node.ReceiveAsync(1, request => request.After = new Cursor { Position = 1, Check = 42 }));
        Assert.Equal((StatusCode.OutOfRange, "CURSOR_UNKNOWN"), (foreign.Status, foreign.Reason));
        var future = await Assert.ThrowsAsync<NodeRequestException>(
            () => node.Runtime.Consumers.AcknowledgeAsync("c", new Cursor { Position = 1000, Check = 0 }, default));
        Assert.Equal(StatusCode.OutOfRange, future.Status);
        var stranger = await Assert.ThrowsAsync<NodeRequestException>(() => node.ReceiveAsync(1, request => request.Conversation = "nobody"));
        Assert.Equal(StatusCode.NotFound, stranger.Status);
    }
}
