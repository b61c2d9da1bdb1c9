using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Client.Tests.Handlers;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

/// <summary>The client's spans and metrics, by themselves.</summary>
public sealed class MessageActivityTests : IDisposable
{
    private readonly ActivityTraceId trace = ActivityTraceId.CreateRandom();
    private readonly ConcurrentQueue<Activity> spans = new();
    private readonly ActivityListener listener;

    public MessageActivityTests()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == MessageActivities.SourceName,
            // Other tests run beside these: their messages stay unmarked.
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => options.Parent.TraceId == trace || options.Links?.Any(link => link.Context.TraceId == trace) == true
                ? ActivitySamplingResult.AllDataAndRecorded
                : ActivitySamplingResult.None,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
    }

    public void Dispose() => listener.Dispose();

    [Fact]
    public async Task A_send_makes_a_span_and_marks_the_message_with_it()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.Rooms["#friends"] = true;
        using (Begin())
            await client.SendAsync("#friends", "hello");
        var span = Assert.Single(spans);
        Assert.Equal(("send room", ActivityKind.Producer, "log/1"), (span.DisplayName, span.Kind, span.GetTagItem("messaging.message.id")));
        Assert.Equal($"00-{trace}-{span.SpanId}-01", Assert.Single(node.Peers.Sends).Headers["traceparent"]);
    }

    [Fact]
    public async Task A_send_that_fails_says_so_in_its_span()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.Refuses = FakePeerService.Refusal(Google.Rpc.Code.NotFound, "PEER_UNKNOWN", "There is no such peer.");
        using (Begin())
            await Assert.ThrowsAsync<P2PGrpcException>(() => client.SendAsync("bob", "hello"));
        var span = Assert.Single(spans);
        Assert.Equal((ActivityStatusCode.Error, "NOT_FOUND"), (span.Status, span.GetTagItem("error.type")));
    }

    [Fact]
    public async Task What_nobody_records_leaves_no_mark_and_what_the_author_says_stays()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        using (new Activity("a caller that nobody records").SetParentId(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom()).Start())
            await client.SendAsync("bob", "unrecorded");
        await client.SendAsync("bob", "in no trace");
        using (Begin())
            await client.SendAsync("bob", OutgoingMessage.FromText("its own") with { Headers = new Dictionary<string, string> { ["traceparent"] = "mine" } });
        Assert.Equal([null, null, "mine"], node.Peers.Sends.Select(sent => sent.Headers.GetValueOrDefault("traceparent")));
    }

    [Fact]
    public async Task Full_headers_are_left_as_they_are()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var headers = Enumerable.Range(0, 64).ToDictionary(number => $"h{number}", _ => "x");
        using (Begin())
            await client.SendAsync("bob", OutgoingMessage.FromText("full") with { Headers = headers });
        Assert.Equal(64, Assert.Single(node.Peers.Sends).Headers.Count);
    }

    [Fact]
    public async Task Many_messages_are_marked_with_the_current_activity()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        using var current = Begin();
        await foreach (var result in client.SendManyAsync("bob", MakeAsync("one", "two")))
            Assert.Null(result.Error);
        var marks = new List<string>();
        await foreach (var message in client.SubscribeAsync(new SubscribeSettings { StartAt = StartAt.Start, IncludeOwn = true, Follow = false }))
            marks.Add(message.Headers["traceparent"]);
        Assert.Equal([current.Id!, current.Id!], marks);
    }

    [Theory]
    [InlineData(59, true)]
    [InlineData(61, false)]
    [InlineData(-3600, true)]
    public void Handling_belongs_to_the_trace_of_the_sending_for_a_minute_and_links_to_it_always(int age, bool sameTrace)
    {
        var creation = new ActivityContext(trace, ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        var message = MakeMessage(StillClock.Now.AddSeconds(-age), $"00-{creation.TraceId}-{creation.SpanId}-01");
        using (var span = MessageActivities.StartProcess(message, new StillClock())!)
        {
            Assert.Same(Activity.Current, span);
            Assert.Equal(("process direct", ActivityKind.Consumer), (span.DisplayName, span.Kind));
            Assert.Equal(creation.SpanId, Assert.Single(span.Links).Context.SpanId);
            Assert.Equal(sameTrace ? (trace, creation.SpanId) : (span.TraceId, default), (span.TraceId, span.ParentSpanId));
            Assert.Equal(sameTrace, span.TraceId == trace);
            Assert.Equal(("bob", "log/7", "c1"), (span.GetTagItem("messaging.destination.name"), span.GetTagItem("messaging.message.id"), span.GetTagItem("messaging.message.conversation_id")));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Handlers_run_within_the_span_of_their_message(bool fails)
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        using (Begin())
            await client.SendAsync("bob", "hello");
        var inside = new ConcurrentQueue<Activity?>();
        await using (await HandlerHost.StartAsync(node, handlers => handlers.OnMessage((_, _) =>
        {
            inside.Enqueue(Activity.Current);
            return fails ? throw new InvalidOperationException("no") : Task.CompletedTask;
        }), options => (options.IncludeOwn, options.MaxAttempts) = (true, 1)))
            await HandlerHost.WaitForAcknowledgedAsync(node);
        var sent = spans.Single(span => span.Kind == ActivityKind.Producer && span.DisplayName == "send direct");
        var handled = spans.Single(span => span.Kind == ActivityKind.Consumer && span.Links.Any(link => link.Context.SpanId == sent.SpanId));
        Assert.Same(handled, inside.First());
        Assert.Equal(fails ? ActivityStatusCode.Error : ActivityStatusCode.Unset, handled.Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("00-nonsense")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")]
    public void A_message_without_a_trace_that_was_recorded_has_no_link(string? mark)
    {
        using var current = Begin();
        using var span = MessageActivities.StartProcess(MakeMessage(StillClock.Now, mark), new StillClock())!;
        Assert.Empty(span.Links);
        Assert.Equal(current.SpanId, span.ParentSpanId);
    }

    [Fact]
    public async Task Only_what_a_handler_takes_has_a_span()
    {
        await using var node = await FakeNode.StartAsync();
        foreach (var text in new[] { "one", "two" })
            node.Feed.Receive(new Content { Text = text, Headers = { ["traceparent"] = $"00-{trace}-{ActivitySpanId.CreateRandom()}-01" } });
        await using (await HandlerHost.StartAsync(
            node, handlers => handlers.OnMessage((_, _) => Task.CompletedTask, new() { Name = "none", Where = _ => false }).OnMessage<string>((_, _) => Task.CompletedTask, new() { Where = message => message.Text == "two" })))
            await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal("log/2", Assert.Single(spans).GetTagItem("messaging.message.id"));
    }

    /// <summary>Other tests may be measured beside this one: the time that it takes tells them apart.</summary>
    [Fact]
    public void Only_what_a_handler_takes_is_measured()
    {
        var measured = new ConcurrentQueue<double>();
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Name == "messaging.process.duration")
                own.EnableMeasurementEvents(instrument);
        };
        meters.SetMeasurementEventCallback<double>((_, value, _, _) => measured.Enqueue(value));
        meters.Start();
        var time = new FakeTimeProvider();
        using (var passed = new ProcessOperation(MakeMessage(StillClock.Now, null), time))
        using (var handled = new ProcessOperation(MakeMessage(StillClock.Now, null), time))
        {
            time.Advance(TimeSpan.FromSeconds(3));
            handled.Begin();
            time.Advance(TimeSpan.FromSeconds(12345));
            handled.Begin();
            handled.Complete();
            passed.Complete();
        }
        Assert.Equal([12345], measured.Where(seconds => seconds > 10000));
    }

    [Fact]
    public async Task What_clients_do_is_measured_by_the_conventions()
    {
        var measured = new ConcurrentQueue<(string Name, double Value, string Tags)>();
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Meter.Name == MessageActivities.SourceName)
                own.EnableMeasurementEvents(instrument);
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Enqueue((instrument.Name, value, Write(tags))));
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => measured.Enqueue((instrument.Name, value, Write(tags))));
        meters.Start();
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        await client.SendAsync("bob", "hello");
        await client.AcknowledgeAsync("reader", new FeedCursor(1, FakeFeed.Check));
        await foreach (var message in client.SubscribeAsync(new SubscribeSettings { StartAt = StartAt.Start, IncludeOwn = true, Follow = false }))
            Assert.Equal("hello", message.Text);
        MessageActivities.RecordProcessed(TimeSpan.FromSeconds(2), new InvalidOperationException());

        // Other tests may run beside this one: what it did itself is among what was measured.
        Assert.Contains(("messaging.client.sent.messages", 1d, "p2pgrpc send send"), measured);
        Assert.Contains(("messaging.client.consumed.messages", 1d, "p2pgrpc receive receive"), measured);
        Assert.Contains(measured, one => one is { Name: "messaging.client.operation.duration", Tags: "p2pgrpc send send" });
        Assert.Contains(measured, one => one is { Name: "messaging.client.operation.duration", Tags: "p2pgrpc ack settle" });
        Assert.Contains(("messaging.process.duration", 2d, "p2pgrpc process process _OTHER"), measured);

        static string Write(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var values = new List<object?>();
            foreach (var tag in tags)
                values.Add(tag.Value);
            return string.Join(' ', values);
        }
    }

    private Activity Begin() => new Activity("a caller").SetParentId(trace, ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded).Start();

    private static async IAsyncEnumerable<OutgoingMessage> MakeAsync(params string[] texts)
    {
        foreach (var text in texts)
        {
            await Task.Yield();
            yield return OutgoingMessage.FromText(text);
        }
    }

    private static ReceivedMessage MakeMessage(DateTimeOffset written, string? mark)
    {
        var content = new Content { Text = "hello", Headers = { ["correlation-id"] = "c1" } };
        if (mark is not null)
            content.Headers["traceparent"] = mark;
        var batch = new MessageBatch { Author = "bob-id", Alias = "bob", Peer = "bob", Log = "log", FirstSequence = 7, FirstPosition = 7 };
        batch.Messages.Add(new Entry { Clock = (ulong)written.ToUnixTimeMilliseconds() << 16, Content = content });
        return ReceivedMessage.Read(batch).Single();
    }

    private sealed class StillClock : TimeProvider
    {
        public static DateTimeOffset Now { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
