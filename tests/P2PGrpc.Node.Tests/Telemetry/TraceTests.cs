using System.Diagnostics;
using Grpc.Core;
using P2PGrpc.Client;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>Traces through nodes: real ones, and clients at their sockets.</summary>
public sealed class TraceTests
{
    private const string OfNode = "P2PGrpc.Node";
    private const string OfClient = "P2PGrpc.Client";

    [Fact]
    public async Task A_request_and_its_answer_cross_two_nodes_in_one_trace()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        await using var asking = ClientOf(alice);
        await using var answering = ClientOf(bob);
        await using var answers = await FirstOfAsync(asking);
        await using var requests = await FirstOfAsync(answering);
        using var spans = new SpanWatch();
        using (spans.Begin())
            await asking.SendAsync("bob", "a request", cancellationToken: TestContext.Current.CancellationToken);

        var request = await requests.NextAsync();
        using (MessageActivities.StartProcess(request))
            await answering.SendAsync("alice", "the answer", cancellationToken: TestContext.Current.CancellationToken);
        var answer = await answers.NextAsync();
        MessageActivities.StartProcess(answer)!.Dispose();

        var sent = spans.Find(OfClient, "send direct", span => span.GetTagItem("messaging.destination.name") is "bob");
        var processed = spans.Find(OfClient, "process direct", span => span.ParentSpanId == sent.SpanId);
        var answered = spans.Find(OfClient, "send direct", span => span.ParentSpanId == processed.SpanId);
        var ended = spans.Find(OfClient, "process direct", span => span.ParentSpanId == answered.SpanId);
        foreach (var producer in new[] { sent, answered })
        {
            Assert.Equal(ActivityKind.Producer, producer.Kind);
            Assert.Equal(producer.SpanId, Assert.Single(spans.Find(OfNode, "accept direct", span => span.ParentSpanId == producer.SpanId).Links).Context.SpanId);
            Assert.Equal(producer.SpanId, Assert.Single(spans.Find(OfNode, "deliver direct", span => span.ParentSpanId == producer.SpanId).Links).Context.SpanId);
        }

        Assert.Equal((ActivityKind.Consumer, request.Reference), (processed.Kind, processed.GetTagItem("messaging.message.id")));
        Assert.Equal(answered.SpanId, Assert.Single(ended.Links).Context.SpanId);
        Assert.All(spans.Ended, span => Assert.Equal(spans.TraceId, span.TraceId));
        Assert.Equal(8, spans.Ended.Count);
    }

    [Fact]
    public async Task After_an_hour_of_absence_the_trace_is_another_one_and_links_to_that_of_the_sending()
    {
        var clock = new SteppedClock();
        await using var alice = await RunningNode.StartAsync("alice", clock);
        await using var bob = await RunningNode.StartAsync("bob", clock, AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        await bob.StopAsync();
        using var metrics = new MetricsWatch(alice);
        using var spans = new SpanWatch();
        await using (var sending = ClientOf(alice))
        using (spans.Begin())
            await sending.SendAsync("bob", "for when you are back", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((1, 0), (metrics.ReadNow("p2pgrpc.messages.undelivered"), Math.Round(metrics.ReadNow("p2pgrpc.messages.undelivered.age"))));

        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(3600, Math.Round(metrics.ReadNow("p2pgrpc.messages.undelivered.age")));
        await bob.StartAgainAsync();
        await using var receiving = ClientOf(bob);
        await using var messages = await FirstOfAsync(receiving, StartAt.Start);
        MessageActivities.StartProcess(await messages.NextAsync(), clock)!.Dispose();

        var sent = spans.Find(OfClient, "send direct");
        var processed = spans.Find(OfClient, "process direct");
        Assert.Equal((spans.TraceId, sent.SpanId), (Assert.Single(processed.Links).Context.TraceId, processed.Links.Single().Context.SpanId));
        Assert.NotEqual(spans.TraceId, processed.TraceId);
        Assert.Equal(default, processed.ParentSpanId);
        await RunningNode.WaitUntilAsync(
            () => metrics.Read().Any(measured => measured.Name == "p2pgrpc.delivery.duration" && Math.Round(measured.Value) == 3600), "the delivery after an hour is measured");
        Assert.Equal((0, 0), (metrics.ReadNow("p2pgrpc.messages.undelivered"), metrics.ReadNow("p2pgrpc.messages.undelivered.age")));
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    [InlineData(false, false, false)]
    public async Task What_a_call_brings_as_metadata_is_written_into_the_message_if_it_is_recorded(bool recorded, bool isListenedTo, bool isMarked)
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var client = ClientOf(alice);
        using var spans = isListenedTo ? new SpanWatch() : null;
        var trace = spans?.TraceId ?? ActivityTraceId.CreateRandom();
        var given = $"00-{trace}-00f067aa0ba902b7-{(recorded ? "01" : "00")}";
        await client.Messages.SendAsync(
            new SendRequest { To = "self", Text = "by a foreign client" }, new Metadata { { "traceparent", given }, { "tracestate", "vendor=1" } },
            cancellationToken: TestContext.Current.CancellationToken);

        var headers = Assert.Single(await alice.ReceiveAsync(1)).Entry.Content.Headers;
        Assert.Equal(isMarked ? ["traceparent", "tracestate"] : [], headers.Keys.Order());
        if (!isMarked)
            return;
        Assert.Equal("vendor=1", headers["tracestate"]);
        // What the node itself records is what the message was made in; else what the caller said.
        var accepted = spans?.Find(OfNode, "accept self");
        Assert.Equal(accepted is null ? given : $"00-{trace}-{accepted.SpanId}-01", headers["traceparent"]);
        if (accepted is not null)
            Assert.Equal(("00f067aa0ba902b7", ActivityKind.Producer), (accepted.ParentSpanId.ToString(), accepted.Kind));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task What_a_stream_of_batches_brings_as_metadata_is_written_into_its_messages_if_it_is_recorded(bool recorded, bool isListenedTo)
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var client = ClientOf(alice);
        using var spans = isListenedTo ? new SpanWatch() : null;
        var trace = spans?.TraceId ?? ActivityTraceId.CreateRandom();
        var given = $"00-{trace}-00f067aa0ba902b7-{(recorded ? "01" : "00")}";
        var request = new SendStreamRequest
        {
            To = "self",
            Messages =
            {
                new Content { Text = "plain" },
                new Content { Text = "with an id", MessageId = "m1", Headers = { ["a"] = "1" } },
                new Content { Text = "its own", Headers = { ["traceparent"] = "mine" } },
            },
        };
        using var call = client.Messages.SendStream(
            new Metadata { { "traceparent", given }, { "tracestate", "vendor=1" } }, cancellationToken: TestContext.Current.CancellationToken);
        await call.RequestStream.WriteAsync(request, TestContext.Current.CancellationToken);
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal(3u, Assert.Single(call.ResponseStream.Current.Accepted).Count);

        var contents = (await alice.ReceiveAsync(3)).Select(received => received.Entry.Content).ToList();
        Assert.Equal("mine", contents[2].Headers["traceparent"]);
        var accepted = isListenedTo && recorded ? spans!.Find(OfNode, "accept self") : null;
        if (accepted is not null)
            Assert.Equal(
                ("00f067aa0ba902b7", ActivityKind.Producer, 3),
                (accepted.ParentSpanId.ToString(), accepted.Kind, accepted.GetTagItem("messaging.batch.message_count")));
        var mark = accepted is null ? given : $"00-{trace}-{accepted.SpanId}-01";
        foreach (var content in contents.Take(2))
        {
            Assert.Equal(recorded ? mark : null, content.Headers.GetValueOrDefault("traceparent"));
            Assert.Equal(recorded ? "vendor=1" : null, content.Headers.GetValueOrDefault("tracestate"));
        }

        Assert.Equal("1", contents[1].Headers["a"]);
    }

    /// <summary>A program that embeds a node keeps its messages as it made them.</summary>
    [Fact]
    public async Task The_messages_of_a_program_that_embeds_the_node_are_marked_in_copies()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        using var spans = new SpanWatch();
        var content = new Content { Text = "hello" };
        using (spans.Begin())
            await alice.Runtime.Sender.SendBatchAsync(
                await alice.Runtime.Recipients.ResolveAsync("self", TestContext.Current.CancellationToken),
                OutgoingBatch.From(new SendStreamRequest { Messages = { content } }), TestContext.Current.CancellationToken);
        Assert.Empty(content.Headers);
        var accepted = spans.Find(OfNode, "accept self");
        Assert.Equal($"00-{spans.TraceId}-{accepted.SpanId}-01", Assert.Single(await alice.ReceiveAsync(1)).Entry.Content.Headers["traceparent"]);
    }

    [Fact]
    public async Task A_message_that_is_repeated_in_another_trace_is_the_same_one()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var client = ClientOf(alice);
        using var spans = new SpanWatch();
        var message = OutgoingMessage.FromText("once") with { MessageId = "m1", Headers = new Dictionary<string, string> { ["a"] = "1" } };
        var receipts = new List<SendReceipt>();
        for (var times = 0; times < 2; times++)
            using (spans.Begin())
                receipts.Add(await client.SendAsync("self", message, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(receipts[0], receipts[1]);
        Assert.Equal(["a", "traceparent"], Assert.Single(await alice.ReceiveAsync(1)).Entry.Content.Headers.Keys.Order());
        var other = message with { Headers = new Dictionary<string, string> { ["a"] = "2" } };
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => client.SendAsync("self", other, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal("MESSAGE_ID_USED", fault.Reason);
        var streamed = await client.SendManyAsync("self", new[] { message, other, OutgoingMessage.FromText("") }.ToAsyncEnumerable(), cancellationToken: TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([null, "MESSAGE_ID_USED", "INVALID_FIELD"], streamed.Select(result => result.Error?.Reason));
    }

    private static P2PGrpcClient ClientOf(RunningNode node) => new(new P2PGrpcClientOptions { DataDirectory = node.DataDirectory });

    /// <summary>Subscribes, and returns once what comes from then on is not missed.</summary>
    private static async Task<Reading> FirstOfAsync(P2PGrpcClient client, StartAt startAt = StartAt.End)
    {
        var reading = new Reading(client.SubscribeBatchesAsync(new SubscribeSettings { StartAt = startAt }, TestContext.Current.CancellationToken));
        await reading.BeginAsync();
        return reading;
    }

    /// <summary>A subscription, message by message.</summary>
    private sealed class Reading(IAsyncEnumerable<SubscribeResponse> responses) : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<SubscribeResponse> source = responses.GetAsyncEnumerator(TestContext.Current.CancellationToken);
        private readonly Queue<ReceivedMessage> gathered = new();

        public async Task BeginAsync()
        {
            do
                await ReadAsync();
            while (!source.Current.CaughtUp);
        }

        public async Task<ReceivedMessage> NextAsync()
        {
            while (gathered.Count == 0)
                await ReadAsync();
            return gathered.Dequeue();
        }

        public ValueTask DisposeAsync() => source.DisposeAsync();

        private async Task ReadAsync()
        {
            Assert.True(await source.MoveNextAsync().AsTask().WaitAsync(RunningNode.Patience, TestContext.Current.CancellationToken));
            foreach (var message in ReceivedMessage.Read(source.Current))
                gathered.Enqueue(message);
        }
    }
}
