using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Client.Tests.Handlers;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Requests;

public sealed class RequestTests
{
    [Fact]
    public async Task A_request_says_who_asks_and_gets_the_first_reply()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("how much?") with { Headers = new Dictionary<string, string> { ["a"] = "b" } });
        var request = await WaitForRequestAsync(node);
        Assert.Equal(("alice-id", "b", 32), (request.Headers[MessageHeaders.ReplyTo], request.Headers["a"], request.Headers[MessageHeaders.CorrelationId].Length));
        node.Feed.Receive(new Content { Text = "unasked" });
        node.Feed.Receive(new Content { Text = "another's", Headers = { [MessageHeaders.CorrelationId] = "x", [MessageHeaders.InReplyTo] = "log/9" } });
        Reply(node, request, "5");
        Reply(node, request, "6");
        Assert.Equal("5", (await asking).Text);
    }

    [Fact]
    public async Task Many_requests_share_one_subscription()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var asking = Enumerable.Range(0, 50).Select(number => client.RequestAsync<string, string>("bob", $"{number}")).ToList();
        await Terminal.WaitAsync(() => node.Peers.Sends.Count == 50);
        foreach (var request in node.Peers.Sends.Reverse())
            Reply(node, request, $"re {request.Text}");
        Assert.Equal(Enumerable.Range(0, 50).Select(number => $"re {number}"), await Task.WhenAll(asking));
        Assert.Single(node.Peers.Subscribes);
    }

    [Fact(DisplayName = "A reply that arrives while the requester's node restarts is read afterwards")]
    public async Task A_reply_that_arrives_while_the_node_restarts_is_read_afterwards()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"));
        var request = await WaitForRequestAsync(node);
        await node.StopAsync();
        Reply(node, request, "!");
        await node.StartAgainAsync();
        Assert.Equal("!", (await asking).Text);
        // The answer to the sending may have been on its way when the node stopped: then the same message is sent again.
        Assert.Single(node.Peers.Sends.DistinctBy(send => send.MessageId));
    }

    [Fact]
    public async Task A_request_to_a_node_that_is_still_away_is_made_when_it_comes()
    {
        await using var node = await FakeNode.StartAsync();
        await node.StopAsync();
        await using var client = node.CreateClient();
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"));
        await node.StartAgainAsync();
        Reply(node, await WaitForRequestAsync(node), "!");
        Assert.Equal("!", (await asking).Text);
    }

    [Fact]
    public async Task Without_a_reply_in_time_the_request_fails_and_a_later_reply_is_passed_over()
    {
        await using var node = await FakeNode.StartAsync();
        var time = new FakeTimeProvider();
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = node.Directory }, time);
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"), new RequestSettings { Timeout = TimeSpan.FromMinutes(5) });
        var request = await WaitForRequestAsync(node);
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => AdvanceUntilDoneAsync(time, asking));
        Assert.Equal((StatusCode.DeadlineExceeded, P2PGrpcException.NoReply, true), (fault.StatusCode, fault.Reason, fault.MayHaveHappened));
        Assert.Contains("It was handed over", fault.Message, StringComparison.Ordinal);
        Reply(node, request, "too late");
        var next = client.RequestAsync("bob", OutgoingMessage.FromText("again?"));
        await Terminal.WaitAsync(() => node.Peers.Sends.Count == 2);
        Reply(node, node.Peers.Sends.Last(), "in time");
        Assert.Equal("in time", (await next).Text);
    }

    [Fact]
    public async Task A_request_that_the_node_has_and_has_not_answered_in_time_may_have_happened()
    {
        await using var node = await FakeNode.StartAsync();
        var time = new FakeTimeProvider();
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = node.Directory }, time);
        var open = new TaskCompletionSource();
        node.Peers.Hold = open.Task;
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"), new RequestSettings { Timeout = TimeSpan.FromMinutes(5) });
        await WaitForRequestAsync(node);
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => AdvanceUntilDoneAsync(time, asking));
        Assert.Equal((P2PGrpcException.NoReply, true), (fault.Reason, fault.MayHaveHappened));
        Assert.Contains("It was being handed over", fault.Message, StringComparison.Ordinal);
        open.SetResult();
    }

    [Fact]
    public async Task A_request_that_never_reached_a_node_did_not_happen()
    {
        await using var node = await FakeNode.StartAsync();
        await node.StopAsync();
        var time = new FakeTimeProvider();
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = node.Directory }, time);
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"), new RequestSettings { Timeout = TimeSpan.FromMinutes(5) });
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => AdvanceUntilDoneAsync(time, asking));
        Assert.Equal((P2PGrpcException.NoReply, false), (fault.Reason, fault.MayHaveHappened));
    }

    [Fact]
    public async Task A_request_may_wait_for_ever()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"), new RequestSettings { Timeout = Timeout.InfiniteTimeSpan });
        Reply(node, await WaitForRequestAsync(node), "!");
        Assert.Equal("!", (await asking).Text);
    }

    [Fact]
    public async Task A_request_that_nobody_waits_for_any_more_is_passed_over()
    {
        await using var node = await FakeNode.StartAsync();
        var time = new FakeTimeProvider();
        var asked = new ConcurrentQueue<string>();
        Receive("late", $"{(time.GetUtcNow() - TimeSpan.FromSeconds(61)).ToUnixTimeMilliseconds()}");
        Receive("by clocks that differ", $"{(time.GetUtcNow() - TimeSpan.FromSeconds(60)).ToUnixTimeMilliseconds()}");
        Receive("not to be read", "tomorrow");
        await using var host = await HandlerHost.StartAsync(
            node,
            client => client.OnRequest<string, string>((text, _) =>
            {
                asked.Enqueue(text);
                return Task.FromResult("done");
            }),
            time: time);
        await HandlerHost.WaitForAcknowledgedAsync(node, messages: 3);
        Assert.Equal(["by clocks that differ", "not to be read"], asked);

        void Receive(string text, string replyBy) => node.Feed.Receive(new Content
        {
            Text = text,
            Headers = { [MessageHeaders.ReplyTo] = "bob-id", [MessageHeaders.CorrelationId] = text, [MessageHeaders.ReplyBy] = replyBy },
        });
    }

    [Fact]
    public async Task A_request_says_until_when_its_reply_is_waited_for()
    {
        await using var node = await FakeNode.StartAsync();
        var time = new FakeTimeProvider();
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = node.Directory }, time);
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"), new RequestSettings { Timeout = TimeSpan.FromMinutes(5) });
        var request = await WaitForRequestAsync(node);
        Assert.Equal($"{(time.GetUtcNow() + TimeSpan.FromMinutes(5)).ToUnixTimeMilliseconds()}", request.Headers[MessageHeaders.ReplyBy]);
        Reply(node, request, "!");
        await asking;
    }

    [Fact]
    public async Task Replies_are_listened_for_no_longer_than_a_while_after_the_last_request()
    {
        await using var node = await FakeNode.StartAsync();
        var time = new FakeTimeProvider();
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = node.Directory }, time);
        await AskAsync("1");
        time.Advance(ClientLimits.ReplyIdle - TimeSpan.FromSeconds(1));
        await AskAsync("2");
        Assert.Single(node.Peers.Subscribes);
        time.Advance(ClientLimits.ReplyIdle);
        await AskAsync("3");
        Assert.Equal(2, node.Peers.Subscribes.Count);

        async Task AskAsync(string text)
        {
            var asking = client.RequestAsync("bob", OutgoingMessage.FromText(text));
            await Terminal.WaitAsync(() => node.Peers.Sends.Any(send => send.Text == text));
            Reply(node, node.Peers.Sends.Last(), "!");
            await asking;
        }
    }

    [Fact]
    public async Task Cancelling_a_request_is_reported_as_cancelling()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        using var cancellation = new CancellationTokenSource();
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"), cancellationToken: cancellation.Token);
        await WaitForRequestAsync(node);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task A_refused_request_fails_with_the_nodes_words()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.Refuses = FakePeerService.Refusal(Code.NotFound, "PEER_UNKNOWN", "bbo is unknown");
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => client.RequestAsync("bbo", OutgoingMessage.FromText("?")));
        Assert.Equal("PEER_UNKNOWN", fault.Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_is_disposed_of_leaves_nobody_waiting(bool isAsync)
    {
        await using var node = await FakeNode.StartAsync();
        var client = node.CreateClient();
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"));
        await WaitForRequestAsync(node);
        if (isAsync)
            await client.DisposeAsync();
        else
            Dispose(client);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => asking);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.RequestAsync("bob", OutgoingMessage.FromText("?")));
    }

    [Fact]
    public async Task What_a_handler_returns_is_the_reply()
    {
        await using var node = await FakeNode.StartAsync();
        await using var host = await HandlerHost.StartAsync(
            node, client => client.OnRequest<Int32Value, StringValue>((request, _) => Task.FromResult(new StringValue { Value = $"{request.Value * 2}" })),
            options => options.IncludeOwn = true);
        var reply = await host.Client.RequestAsync<Int32Value, StringValue>("self", new Int32Value { Value = 21 });
        Assert.Equal("42", reply.Value);
    }

    [Fact]
    public async Task A_reply_goes_to_the_author_alone_or_into_the_room()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Rooms["#friends"] = true;
        await using var host = await HandlerHost.StartAsync(node, client => client.OnRequest<string, string>((text, _) => Task.FromResult($"re {text}")));
        node.Feed.Receive(CreateRequest("one", replyTo: "carol-id"));
        node.Feed.Receive(CreateRequest("two", replyTo: "bob-id"), room: "#friends");
        node.Feed.Receive("three");
        await Terminal.WaitAsync(() => node.Peers.Sends.Count == 2);
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal([("bob-id", "re one"), ("#friends", "re two")], node.Peers.Sends.Select(send => (send.To, send.Text)));
        Assert.Equal([("c", "log/1"), ("c", "log/2")], node.Peers.Sends.Select(send => (send.Headers[MessageHeaders.CorrelationId], send.Headers[MessageHeaders.InReplyTo])));
    }

    [Fact]
    public async Task A_request_that_is_handled_again_after_a_crash_is_answered_once()
    {
        await using var node = await FakeNode.StartAsync();
        var number = 0;
        node.Feed.Receive(CreateRequest("one"));
        node.Peers.RefusesAcknowledges = FakePeerService.Refusal(Code.ResourceExhausted, "STORE_FULL", "the disk is full");
        await using (await StartAsync())
            await Terminal.WaitAsync(() => node.Peers.Sends.Count == 1);
        node.Peers.RefusesAcknowledges = null;
        await using (await StartAsync())
            await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(2, number);
        Assert.Equal(["one", "reply 1"], node.Feed.Texts);
        Assert.Empty((IEnumerable<string>)node.Peers.Rooms.Keys);

        Task<HandlerHost> StartAsync() => HandlerHost.StartAsync(
            node, client => client.OnRequest<string, string>((_, _) => Task.FromResult($"reply {Interlocked.Increment(ref number)}")));
    }

    [Theory]
    [InlineData("reject", "OUT_OF_STOCK", "There is none left.", 0)]
    [InlineData("fail", RemoteRequestException.Failed, "The other side could not handle the request.", 1)]
    public async Task A_request_that_is_rejected_or_fails_for_good_is_answered_with_an_error(string text, string reason, string words, int deadLetters)
    {
        await using var node = await FakeNode.StartAsync();
        await using var host = await HandlerHost.StartAsync(
            node,
            client => client.OnRequest<string, string>((request, _) => Task.FromException<string>(request == "reject"
                ? new RequestRejectedException("OUT_OF_STOCK", "There is none left.")
                : new IOException("a secret of the service"))),
            options => options.IncludeOwn = true);
        var fault = await Assert.ThrowsAsync<RemoteRequestException>(() => host.Client.RequestAsync<string, string>("self", text));
        Assert.Equal((reason, words), (fault.Reason, fault.Message));
        Assert.Equal(deadLetters, await host.DeadLetters.ListAsync().CountAsync());
    }

    [Fact]
    public async Task An_error_of_the_other_side_shows_its_control_characters_as_escapes()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var asking = client.RequestAsync("bob", OutgoingMessage.FromText("?"));
        var request = await WaitForRequestAsync(node);
        node.Feed.Receive(new Content
        {
            Text = "no\n12:00 all is well",
            Headers = { [MessageHeaders.CorrelationId] = request.Headers[MessageHeaders.CorrelationId], [MessageHeaders.InReplyTo] = "log/1", [MessageHeaders.ReplyError] = "NO\u001b[2J" },
        });
        var fault = await Assert.ThrowsAsync<RemoteRequestException>(() => asking);
        Assert.Equal((@"no\u{A}12:00 all is well", @"NO\u{1B}[2J"), (fault.Message, fault.Reason));
        Assert.Equal("no\n12:00 all is well", fault.Reply.Text);
    }

    [Fact]
    public async Task A_message_that_asks_nothing_can_not_be_replied_to()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Feed.Receive("hello");
        var message = await client.SubscribeAsync(new SubscribeSettings { StartAt = StartAt.Start, Follow = false }).SingleAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => client.ReplyAsync(message, "hello yourself"));
    }

    private static void Dispose(P2PGrpcClient client) => client.Dispose();

    private static Content CreateRequest(string text, string replyTo = "bob-id") =>
        new() { Text = text, Headers = { [MessageHeaders.ReplyTo] = replyTo, [MessageHeaders.CorrelationId] = "c" } };

    private static void Reply(FakeNode node, SendRequest request, string text) => node.Feed.Receive(new Content
    {
        Text = text,
        Headers = { [MessageHeaders.CorrelationId] = request.Headers[MessageHeaders.CorrelationId], [MessageHeaders.InReplyTo] = "log/1" },
    });

    private static async Task<SendRequest> WaitForRequestAsync(FakeNode node)
    {
        await Terminal.WaitAsync(() => !node.Peers.Sends.IsEmpty);
        return node.Peers.Sends.Last();
    }

    private static async Task AdvanceUntilDoneAsync(FakeTimeProvider time, Task task)
    {
        await Terminal.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return task.IsCompleted;
        });
        await task;
    }
}
