using System.Globalization;
using System.Runtime.CompilerServices;
using Grpc.Core;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

public sealed class SendManyTests
{
    [Fact]
    public async Task Results_come_one_a_message_in_order_and_messages_travel_in_batches()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var results = await client.SendManyAsync("bob", Numbers(20_000)).ToListAsync();
        Assert.Equal(20_000, results.Count);
        Assert.Equal(Enumerable.Range(1, 20_000).Select(number => $"log/{number}"), results.Select(result => result.Receipt!.Reference));
        Assert.Equal(Expected(20_000), node.Feed.Texts);
        Assert.InRange(node.Peers.Batches, 20, 10_000);
    }

    [Theory(DisplayName = "D3: after broken streams every message is there once, in order")]
    [InlineData(1)]
    [InlineData(5)]
    public async Task After_broken_streams_every_message_is_there_once_in_order(int breaks)
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.BreakStreams(breaks, after: 1);
        var results = await client.SendManyAsync("bob", Numbers(20_000)).ToListAsync();
        Assert.Equal(Expected(20_000), node.Feed.Texts);
        Assert.Equal(Expected(20_000), results.Select(result => result.Message.Text));
        Assert.All(results, result => Assert.Null(result.Error));
        Assert.Equal(breaks + 1, node.Peers.Streams);
    }

    [Fact]
    public async Task A_node_that_restarts_in_the_middle_gets_every_message_once()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var count = 0;
        await foreach (var result in client.SendManyAsync("bob", Numbers(30_000)))
        {
            Assert.Null(result.Error);
            if (++count == 3000)
            {
                await node.StopAsync();
                await node.StartAgainAsync();
            }
        }
        Assert.Equal(Expected(30_000), node.Feed.Texts);
    }

    [Fact]
    public async Task A_refused_message_does_not_touch_the_others()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var results = await client.SendManyAsync("bob", Texts("one", "bad", "two")).ToListAsync();
        Assert.Equal(["log/1", null, "log/2"], results.Select(result => result.Receipt?.Reference));
        Assert.Equal(StatusCode.InvalidArgument, results[1].Error!.StatusCode);
        Assert.Equal(("INVALID_FIELD", "bad is refused"), (results[1].Error!.Reason, results[1].Error!.Message));
    }

    [Fact]
    public async Task A_refused_recipient_ends_the_enumeration_with_its_error()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(async () => await client.SendManyAsync("nobody", Texts("one")).ToListAsync());
        Assert.Equal("PEER_UNKNOWN", fault.Reason);
    }

    [Fact]
    public async Task The_source_is_not_read_further_than_the_node_keeps_up()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var open = new TaskCompletionSource();
        node.Peers.Hold = open.Task;
        var read = 0;
        var sending = client.SendManyAsync("bob", Counted(100_000, () => read++)).CountAsync().AsTask();
        // Nothing is answered: the reading must come to rest at what is gathered and in flight.
        await WaitUntilRestAsync(() => read);
        Assert.InRange(read, 1, ClientLimits.GatheredMessages + (ClientLimits.BatchMessages * (ClientLimits.BatchesInFlight + 1)) + 2);
        open.SetResult();
        Assert.Equal(100_000, await sending);
    }

    [Fact]
    public async Task What_the_source_throws_comes_after_the_results_of_all_messages_before()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var results = new List<SendResult>();
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (var result in client.SendManyAsync("bob", Failing(3)))
                results.Add(result);
        });
        Assert.Equal("source", fault.Message);
        Assert.Equal(3, results.Count);
    }

    [Fact]
    public async Task An_empty_source_opens_no_stream()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        Assert.Empty(await client.SendManyAsync("bob", Texts()).ToListAsync());
        Assert.Equal(0, node.Peers.Streams);
    }

    [Fact]
    public async Task Messages_of_a_slow_source_are_not_held_back_for_a_batch()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var gate = System.Threading.Channels.Channel.CreateUnbounded<OutgoingMessage>();
        await using var results = client.SendManyAsync("bob", gate.Reader.ReadAllAsync()).GetAsyncEnumerator();
        for (var number = 1; number <= 3; number++)
        {
            await gate.Writer.WriteAsync(OutgoingMessage.FromText("x"));
            Assert.True(await results.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
            Assert.Equal($"log/{number}", results.Current.Receipt!.Reference);
        }
        gate.Writer.Complete();
        Assert.False(await results.MoveNextAsync());
    }

    [Fact(DisplayName = "S7: ephemeral messages of a broken stream are not sent again")]
    public async Task Ephemeral_messages_of_a_broken_stream_are_not_sent_again()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.BreakStreams(1, after: 0);
        var results = await client.SendManyAsync("bob", Texts("one"), new SendSettings { Ephemeral = true }).ToListAsync();
        Assert.Equal(P2PGrpcException.OutcomeUnknown, Assert.Single(results).Error!.Reason);
        Assert.Equal(1, node.Peers.Batches);
    }

    [Fact]
    public async Task Leaving_the_enumeration_early_ends_the_source()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var ended = new TaskCompletionSource();
        await foreach (var result in client.SendManyAsync("bob", Endless(ended)))
        {
            Assert.NotNull(result.Receipt);
            break;
        }
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_source_that_waits_and_heeds_no_cancellation_keeps_back_neither_a_refusal_nor_a_cancellation(bool isRefused)
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        using var cancellation = new CancellationTokenSource();
        var more = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        var sending = client.SendManyAsync(isRefused ? "nobody" : "bob", Deaf(more.Task, ended), cancellationToken: cancellation.Token).CountAsync().AsTask();
        await Cli.Terminal.WaitAsync(() => node.Peers.Batches == 1);
        if (!isRefused)
            await cancellation.CancelAsync();
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => sending.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(isRefused ? "PEER_UNKNOWN" : null, (fault as P2PGrpcException)?.Reason);
        Assert.Equal(!isRefused, fault is OperationCanceledException);
        Assert.False(ended.Task.IsCompleted);
        // The source is left as soon as it goes on.
        more.SetResult();
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static IEnumerable<string> Expected(int count) =>
        Enumerable.Range(0, count).Select(number => number.ToString(CultureInfo.InvariantCulture));

    private static IAsyncEnumerable<OutgoingMessage> Numbers(int count) =>
        Expected(count).Select(OutgoingMessage.FromText).ToAsyncEnumerable();

    private static IAsyncEnumerable<OutgoingMessage> Texts(params string[] texts) => texts.Select(OutgoingMessage.FromText).ToAsyncEnumerable();

    private static async IAsyncEnumerable<OutgoingMessage> Counted(int count, Action read)
    {
        for (var index = 0; index < count; index++)
        {
            read();
            yield return OutgoingMessage.FromText("x");
        }
        await Task.CompletedTask;
    }

    private static async IAsyncEnumerable<OutgoingMessage> Failing(int count)
    {
        for (var index = 0; index < count; index++)
            yield return OutgoingMessage.FromText("x");
        await Task.Yield();
        throw new InvalidOperationException("source");
    }

    private static async IAsyncEnumerable<OutgoingMessage> Endless(
        TaskCompletionSource ended, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return OutgoingMessage.FromText("x");
                await Task.Yield();
            }
        }
        finally
        {
            ended.SetResult();
        }
    }

    private static async IAsyncEnumerable<OutgoingMessage> Deaf(Task more, TaskCompletionSource ended)
    {
        try
        {
            yield return OutgoingMessage.FromText("one");
            await more;
            yield return OutgoingMessage.FromText("two");
            yield return OutgoingMessage.FromText("three");
        }
        finally
        {
            ended.SetResult();
        }
    }

    private static async Task WaitUntilRestAsync(Func<int> measure)
    {
        var last = -1;
        for (var same = 0; same < 5;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
            var now = measure();
            same = now == last && now > 0 ? same + 1 : 0;
            last = now;
        }
    }
}
