using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

public sealed class SubscribeTests
{
    private static readonly SubscribeSettings All = new() { StartAt = StartAt.Start, Follow = false };

    [Fact]
    public async Task Messages_come_with_all_that_is_known_of_them()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Feed.Receive(new Content { Text = "hello", Headers = { ["a"] = "b" }, MessageId = "m" }, clock: 1_700_000_000_000UL << 16);
        var message = await client.SubscribeAsync(All).SingleAsync();
        Assert.Equal(("bob-id", "bob", "bob", "conversation"), (message.Author, message.Alias, message.Peer, message.Conversation));
        Assert.Equal(("hello", "m", "b", "log/1"), (message.Text, message.MessageId, message.Headers["a"], message.Reference));
        Assert.Equal(new FeedCursor(1, FakeFeed.Check), message.Cursor);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000), message.Time);
        Assert.False(message.Ephemeral);
    }

    [Fact]
    public async Task A_clock_beyond_the_calendar_does_no_harm()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Feed.Receive("x", clock: ulong.MaxValue);
        var message = await client.SubscribeAsync(All).SingleAsync();
        Assert.Equal(9999, message.Time.Year);
    }

    [Fact]
    public async Task An_ephemeral_message_has_no_reference_and_no_cursor()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Feed.Receive(new Content { Text = "now" }, ephemeral: true);
        var message = await client.SubscribeAsync(All).SingleAsync();
        Assert.True(message.Ephemeral);
        Assert.Equal(("", null), (message.Reference, message.Cursor));
    }

    [Theory(DisplayName = "S5: a subscription whose stream breaks reads each message once, in order")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_subscription_whose_stream_breaks_reads_each_message_once_in_order(int after)
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        for (var number = 0; number < 40; number++)
            node.Feed.Receive($"{number}");
        node.Peers.BreakStreams(2, after);
        var texts = await client.SubscribeAsync(All).Select(message => message.Text).ToListAsync();
        Assert.Equal(Enumerable.Range(0, 40).Select(number => $"{number}"), texts);
        Assert.Equal(3, node.Peers.Subscribes.Count);
    }

    [Fact(DisplayName = "S5: what arrives while the node is away is read after it came back")]
    public async Task What_arrives_while_the_subscription_is_broken_is_read_afterwards()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var interruptions = 0;
        var settings = new SubscribeSettings { Interrupted = _ => interruptions++ };
        await using var messages = client.SubscribeAsync(settings).GetAsyncEnumerator();
        var first = messages.MoveNextAsync().AsTask();
        await WaitAsync(() => !node.Peers.Subscribes.IsEmpty);
        node.Feed.Receive("one");
        Assert.True(await first.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal("one", messages.Current.Text);
        await node.StopAsync();
        node.Feed.Receive("two");
        var second = messages.MoveNextAsync().AsTask();
        await WaitAsync(() => interruptions > 0);
        await node.StartAgainAsync();
        Assert.True(await second.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal("two", messages.Current.Text);
    }

    [Fact]
    public async Task A_subscription_from_the_end_that_breaks_before_its_first_message_skips_nothing()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Feed.Receive("old");
        await using var responses = client.SubscribeBatchesAsync().GetAsyncEnumerator();
        Assert.True(await responses.MoveNextAsync());
        Assert.Empty(responses.Current.Batches);
        await node.StopAsync();
        node.Feed.Receive("new");
        await node.StartAgainAsync();
        Assert.True(await responses.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal("new", ReceivedMessage.Read(responses.Current).Single().Text);
    }

    [Fact]
    public async Task A_consumer_goes_on_after_what_it_acknowledged()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        for (var number = 1; number <= 5; number++)
            node.Feed.Receive($"{number}");
        var messages = await client.SubscribeAsync(All).ToListAsync();
        await client.AcknowledgeAsync("reader", messages[2].Cursor!.Value);
        var rest = await client.SubscribeAsync(new SubscribeSettings { Consumer = "reader", Follow = false }).ToListAsync();
        Assert.Equal(["4", "5"], rest.Select(message => message.Text));
    }

    [Fact]
    public async Task Acknowledging_is_retried_while_the_node_is_unavailable()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.BeUnavailable(2);
        await client.AcknowledgeAsync("reader", new FeedCursor(3, 4));
        Assert.Equal(3, node.Peers.Acknowledges.Count);
        Assert.Equal(3UL, node.Feed.Consumers["reader"]);
    }

    [Fact]
    public async Task A_refused_subscription_ends_with_the_words_of_the_node()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var settings = new SubscribeSettings { Conversation = "nobody" };
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(async () => await client.SubscribeAsync(settings).FirstAsync());
        Assert.Equal(("PEER_UNKNOWN", "nobody is unknown; near names: bob"), (fault.Reason, fault.Message));
    }

    [Fact]
    public async Task A_bounded_search_for_the_node_ends_with_its_error()
    {
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = "/nowhere/at/all" });
        var settings = new SubscribeSettings { ReconnectFor = TimeSpan.Zero };
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(async () => await client.SubscribeAsync(settings).FirstAsync());
        Assert.Equal(P2PGrpcException.NodeUnreachable, fault.Reason);
    }

    [Fact]
    public async Task Cancelling_ends_the_enumeration()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        using var cancellation = new CancellationTokenSource();
        var first = client.SubscribeAsync(cancellationToken: cancellation.Token).FirstAsync().AsTask();
        await WaitAsync(() => !node.Peers.Subscribes.IsEmpty);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
    }
}
