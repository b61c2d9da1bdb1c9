using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Handlers;

public sealed class HandlerTests
{
    [Fact]
    public async Task Messages_are_handled_in_order_and_acknowledged()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string?>();
        node.Feed.Receive("one");
        node.Feed.Receive("two");
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage((message, _) =>
        {
            handled.Enqueue(message.Text);
            return Task.CompletedTask;
        }));
        await HandlerHost.WaitForAcknowledgedAsync(node);
        node.Feed.Receive("three");
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(["one", "two", "three"], handled);
        Assert.Equal(HandlerHost.Consumer, node.Peers.Subscribes.Single(subscribe => subscribe.Conversation.Length == 0).Consumer);
    }

    [Fact]
    public async Task A_handler_that_fails_is_tried_again_before_the_next_message()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<(string, int)>();
        node.Feed.Receive("one");
        node.Feed.Receive("two");
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<string>((text, context, _) =>
        {
            handled.Enqueue((text, context.Attempt));
            return text == "one" && context.Attempt < 3 ? throw new IOException("not yet") : Task.CompletedTask;
        }));
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal([("one", 1), ("one", 2), ("one", 3), ("two", 1)], handled);
        Assert.Empty(node.Peers.Rooms);
    }

    [Fact]
    public async Task What_was_handled_but_not_acknowledged_before_the_end_comes_again_and_nothing_else_does()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        node.Feed.Receive("one");
        await using (await StartAsync())
            await HandlerHost.WaitForAcknowledgedAsync(node);
        node.Peers.RefusesAcknowledges = FakePeerService.Refusal(Google.Rpc.Code.ResourceExhausted, "STORE_FULL", "the disk is full");
        node.Feed.Receive("two");
        await using (await StartAsync())
            await Terminal.WaitAsync(() => handled.Contains("two"));
        node.Peers.RefusesAcknowledges = null;
        await using (await StartAsync())
            await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(["one", "two", "two"], handled);

        Task<HandlerHost> StartAsync() => HandlerHost.StartAsync(node, client => client.OnMessage<string>((text, _) =>
        {
            handled.Enqueue(text);
            return Task.CompletedTask;
        }));
    }

    [Fact]
    public async Task A_host_that_stops_while_a_handler_is_at_work_leaves_its_message_unacknowledged()
    {
        await using var node = await FakeNode.StartAsync();
        var begun = new TaskCompletionSource();
        node.Feed.Receive("one");
        await using (await HandlerHost.StartAsync(node, client => client.OnMessage<string>(async (_, cancellationToken) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        })))
            await begun.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.DoesNotContain(node.Peers.Acknowledges, acknowledge => acknowledge.Cursor.Position > 0);
    }

    [Fact]
    public async Task A_node_that_restarts_is_read_on_and_nothing_is_handled_twice()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<string>((text, _) =>
        {
            handled.Enqueue(text);
            return Task.CompletedTask;
        }));
        node.Feed.Receive("one");
        await HandlerHost.WaitForAcknowledgedAsync(node);
        await node.StopAsync();
        node.Feed.Receive("two");
        await node.StartAgainAsync();
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(["one", "two"], handled);
    }

    [Fact]
    public async Task Each_handler_gets_the_messages_of_its_type()
    {
        await using var node = await FakeNode.StartAsync();
        await using var sender = node.CreateClient();
        var handled = new ConcurrentQueue<string>();
        await using var host = await HandlerHost.StartAsync(
            node,
            client => client
                .OnMessage<string>((text, _) => Note($"text {text}"))
                .OnMessage<StringValue>((value, _) => Note($"value {value.Value}"))
                .OnMessage<Empty>((_, _) => Note("empty"))
                .OnMessage<Placed>((placed, _) => Note($"placed {placed.Number}"))
                .OnMessage<Cancelled>((cancelled, _) => Note($"cancelled {cancelled.Number}")),
            options => options.IncludeOwn = true);
        await sender.SendAsync("bob", "hello");
        await sender.SendAsync("bob", new StringValue { Value = "v" });
        await sender.SendAsync("bob", new Empty());
        await sender.SendAsync("bob", new Placed(1));
        await sender.SendAsync("bob", new Cancelled(2));
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(["text hello", "value v", "empty", "placed 1", "cancelled 2"], handled);
        Assert.Equal(
            ["", "google.protobuf.StringValue", "google.protobuf.Empty", "application/json", "application/json"], node.Peers.Sends.Select(send => send.ContentType));
        Assert.Equal("""{"number":1}""", node.Feed.Contents[3].Data.ToStringUtf8());

        Task Note(string what)
        {
            handled.Enqueue(what);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Handlers_are_chosen_by_peer_room_content_type_and_condition()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        node.Feed.Receive(new Content { Text = "a" }, "bob");
        node.Feed.Receive(new Content { Text = "b" }, "carol");
        node.Feed.Receive(new Content { Text = "c" }, "bob", room: "#friends");
        node.Feed.Receive(new Content { Data = Google.Protobuf.ByteString.CopyFromUtf8("d"), ContentType = "image/png" }, "carol");
        await using var host = await HandlerHost.StartAsync(node, client => client
            .OnMessage(Note("bob"), new() { Name = "1", Peer = "bob" })
            .OnMessage(Note("carol by id"), new() { Name = "2", Peer = "carol-id" })
            .OnMessage(Note("room"), new() { Name = "3", Room = "#friends" })
            .OnMessage(Note("image"), new() { Name = "4", ContentType = "image/png" })
            .OnMessage(Note("where"), new() { Name = "5", Where = message => message.Text == "b" }));
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(["bob a", "carol by id b", "where b", "room c", "carol by id d", "image d"], handled);

        Func<ReceivedMessage, CancellationToken, Task> Note(string name) => (message, _) =>
        {
            handled.Enqueue($"{name} {message.Text ?? System.Text.Encoding.UTF8.GetString(message.Data.Span)}");
            return Task.CompletedTask;
        };
    }

    [Fact]
    public async Task A_handler_class_is_made_with_its_dependencies_for_each_message()
    {
        await using var node = await FakeNode.StartAsync();
        var ledger = new Ledger();
        node.Feed.Receive("one");
        node.Feed.Receive("two");
        await using var host = await HandlerHost.StartAsync(node, client =>
        {
            client.Services.AddSingleton(ledger);
            client.AddHandler<Bookkeeper, string>().AddHandler<Counter>();
        });
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(["one", "disposed", "counted", "two", "disposed", "counted"], ledger.Lines);
    }

    [Fact]
    public async Task While_one_author_is_being_handled_others_are_too_and_each_ones_order_is_kept()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        var open = new TaskCompletionSource();
        node.Feed.Receive("bob 1", "bob");
        node.Feed.Receive("bob 2", "bob");
        for (var author = 0; author < 30; author++)
            node.Feed.Receive($"{author} 1", $"{author}");
        await using var host = await HandlerHost.StartAsync(
            node,
            client => client.OnMessage<string>(async (text, _) =>
            {
                if (text == "bob 1")
                    await open.Task;
                handled.Enqueue(text);
            }),
            options => options.MaxConcurrentMessages = 4);
        await Terminal.WaitAsync(() => !handled.IsEmpty);
        Assert.DoesNotContain(handled, text => text.StartsWith("bob", StringComparison.Ordinal));
        // Behind the one at work nothing counts as acknowledged, whatever was handled after it.
        Assert.DoesNotContain(node.Peers.Acknowledges, acknowledge => acknowledge.Cursor.Position > 0);
        open.SetResult();
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(32, handled.Count);
        Assert.Equal(["bob 1", "bob 2"], handled.Where(text => text.StartsWith("bob", StringComparison.Ordinal)));
    }

    /// <summary>However many lanes there are, none gets a second message before the first is done.</summary>
    [Fact]
    public async Task Where_nothing_may_be_handled_ahead_all_is_handled_in_the_order_of_its_arrival()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        var texts = Enumerable.Range(0, 30).Select(author => $"{author} 1").ToList();
        foreach (var text in texts)
            node.Feed.Receive(text, text[..^2]);
        await using var host = await HandlerHost.StartAsync(
            node,
            client => client.OnMessage<string>(async (text, _) =>
            {
                await Task.Yield();
                handled.Enqueue(text);
            }),
            options => (options.MaxConcurrentMessages, options.MaxUnacknowledgedMessages) = (256, 1));
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(texts, handled);
    }

    [Fact]
    public async Task Own_dead_letters_and_replies_are_not_for_handlers_and_whatever_others_send_is()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        node.Feed.Append(new Content { Text = "a", Headers = { [MessageHeaders.DeadLetterReference] = "log/1" } }, "#dead-letters");
        // Nobody can keep a message from being handled by such a header.
        node.Feed.Receive(new Content { Text = "from bob", Headers = { [MessageHeaders.DeadLetterReference] = "log/1" } });
        node.Feed.Receive(new Content { Text = "in the room", Headers = { [MessageHeaders.DeadLetterResolved] = "log/1" } }, room: "#dead-letters");
        node.Feed.Append(new Content { Text = "elsewhere", Headers = { [MessageHeaders.DeadLetterReplay] = "log/1" } });
        node.Feed.Receive(new Content { Text = "b", Headers = { [MessageHeaders.InReplyTo] = "log/1", [MessageHeaders.CorrelationId] = "1" } });
        // Either header by itself is that of another program, which may mean anything by it.
        node.Feed.Receive(new Content { Text = "c", Headers = { [MessageHeaders.InReplyTo] = "mail-17" } });
        node.Feed.Receive(new Content { Text = "d", Headers = { [MessageHeaders.CorrelationId] = "1" } });
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<string>((text, _) =>
        {
            handled.Enqueue(text);
            return Task.CompletedTask;
        }), options => options.IncludeOwn = true);
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(["from bob", "in the room", "elsewhere", "c", "d"], handled);
    }

    /// <summary>Dead letters name the handler by which they are replayed.</summary>
    [Fact]
    public async Task No_two_handlers_of_a_client_have_one_name()
    {
        var services = new ServiceCollection();
        var client = services.AddP2PGrpcClient().OnMessage<string>((_, _) => Task.CompletedTask);
        var fault = Assert.Throws<ArgumentException>(() => client.OnRequest<string, string>((text, _) => Task.FromResult(text)));
        Assert.Contains("a handler 'String' already", fault.Message);
        Assert.Throws<ArgumentException>(() => client.AddHandler<Counter>(new() { Name = "String" }));
        client.OnRequest<string, string>((text, _) => Task.FromResult(text), new() { Name = "answers" }).AddHandler<Both, Placed>().AddHandler<Both, Cancelled>().AddHandler<Counter>();
        services.AddP2PGrpcClient("other", _ => { }).OnMessage<string>((_, _) => Task.CompletedTask);
        await using var provider = services.BuildServiceProvider();
        Assert.Equal(
            ["String", "answers", "Both(Placed)", "Both(Cancelled)", "Counter"], provider.GetRequiredKeyedService<HandlerSet>("").Handlers.Select(handler => handler.Name));
    }

    [Fact]
    public void A_room_without_its_sign_would_match_nothing_and_is_refused()
    {
        var client = new ServiceCollection().AddP2PGrpcClient();
        var fault = Assert.Throws<ArgumentException>(() => client.OnMessage((_, _) => Task.CompletedTask, new() { Room = "staff" }));
        Assert.Contains("write '#staff'", fault.Message);
        client.OnMessage((_, _) => Task.CompletedTask, new() { Room = "#staff" });
        Assert.Contains("both set", Assert.Throws<ArgumentException>(() => client.OnMessage((_, _) => Task.CompletedTask, new() { Room = "#staff", Peer = "bob" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_condition_is_asked_again_only_where_it_failed()
    {
        await using var node = await FakeNode.StartAsync();
        var asked = new ConcurrentQueue<string>();
        var handled = new ConcurrentQueue<(string, int)>();
        node.Feed.Receive("one");
        node.Feed.Receive("two");
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<string>(
            (text, context, _) =>
            {
                handled.Enqueue((text, context.Attempt));
                return context.Attempt == 1 ? throw new IOException("not yet") : Task.CompletedTask;
            },
            new()
            {
                Where = message =>
                {
                    asked.Enqueue(message.Text!);
                    return asked.Count == 1 ? throw new IOException("no answer") : true;
                },
            }));
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Equal(["one", "one", "two"], asked);
        Assert.Equal([("one", 1), ("one", 2), ("two", 1), ("two", 2)], handled);
    }

    [Theory]
    [InlineData("Consumer", "Not A Name")]
    [InlineData("DeadLetterRoom", "#dead-letters")]
    [InlineData("MaxConcurrentMessages", "257")]
    [InlineData("MaxUnacknowledgedMessages", "0")]
    [InlineData("MaxUnacknowledgedMessages", "100001")]
    [InlineData("MaxAttempts", "0")]
    [InlineData("LongestRetryDelay", "00:00:00.5")]
    public void Wrong_options_are_found_when_the_host_starts(string option, string value)
    {
        var section = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [option] = value }).Build();
        var services = new ServiceCollection();
        services.AddP2PGrpcClient().OnMessage((_, _) => Task.CompletedTask).ConfigureHandlers(section);
        using var provider = services.BuildServiceProvider();
        var fault = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains(option, fault.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("Acme.Orders", "acme.orders")]
    [InlineData("3 Blind Mice!", "blind-mice-")]
    [InlineData("é", "handlers")]
    public void A_consumer_is_named_after_the_application(string application, string name) => Assert.Equal(name, MessageHandlingOptions.NameAfter(application));

    private sealed record Placed(int Number);

    private sealed record Cancelled(int Number);

    private sealed class Ledger
    {
        public ConcurrentQueue<string> Lines { get; } = [];
    }

    private sealed class Bookkeeper(Ledger ledger) : IMessageHandler<string>, IDisposable
    {
        public Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
        {
            ledger.Lines.Enqueue(message);
            return Task.CompletedTask;
        }

        public void Dispose() => ledger.Lines.Enqueue("disposed");
    }

    private sealed class Both : IMessageHandler<Placed>, IMessageHandler<Cancelled>
    {
        public Task HandleAsync(Placed message, MessageContext context, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task HandleAsync(Cancelled message, MessageContext context, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Counter(Ledger ledger) : IMessageHandler
    {
        public Task HandleAsync(ReceivedMessage message, MessageContext context, CancellationToken cancellationToken)
        {
            ledger.Lines.Enqueue("counted");
            return Task.CompletedTask;
        }
    }
}
