using System.Collections.Concurrent;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Handlers;

public sealed class DeadLetterTests
{
    private const string Room = "#dead-letters";

    [Fact]
    public async Task A_message_whose_handler_fails_for_good_goes_to_a_room_of_its_own_and_the_next_one_is_handled()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        node.Feed.Receive(new Content { Text = "poison", MessageId = "m", Headers = { ["a"] = "b" } });
        node.Feed.Receive("two");
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<string>(FailOn("poison", handled)));
        await Terminal.WaitAsync(() => handled.Contains("two"));
        var letter = await host.DeadLetters.ListAsync().SingleAsync();
        Assert.Equal(("poison", "log/1", "bob-id", "bob"), (letter.Copy.Text, letter.MessageReference, letter.Author, letter.From));
        Assert.Equal(("String", HandlerHost.Consumer, 5, "InvalidOperationException: no poison"), (letter.Handler, letter.Consumer, letter.Attempts, letter.Error));
        Assert.Equal("b", letter.Copy.Headers["a"]);
        Assert.Equal(5, handled.Count(text => text == "poison"));
    }

    /// <summary>What a peer wrote need not be what a node takes from its clients, and must not stop a service.</summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task A_message_that_can_not_be_copied_is_noted_and_the_next_one_is_handled(bool refusesNote, int notes)
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        node.Peers.RefusesMessage = send => send.To.StartsWith('#') && (refusesNote || !send.Text.Contains("could not be copied", StringComparison.Ordinal))
            ? FakePeerService.Refusal(Code.InvalidArgument, "INVALID_FIELD", "The data is empty.")
            : null;
        node.Feed.Receive("poison");
        node.Feed.Receive("two");
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<string>(FailOn("poison", handled)));
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Contains("two", handled);
        Assert.Equal(notes, node.Feed.InRoom(Room).Count);
        await foreach (var note in host.DeadLetters.ListAsync())
        {
            // The note is not what the handler is for.
            Assert.False(note.IsComplete);
            var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => host.DeadLetters.ReplayAsync(note));
            Assert.Contains("does not hold the whole message log/1", fault.Message);
        }
    }

    [Fact]
    public async Task The_message_is_acknowledged_only_when_its_dead_letter_is_on_disk()
    {
        await using var node = await FakeNode.StartAsync();
        var time = new FakeTimeProvider();
        var handled = new ConcurrentQueue<string>();
        node.Peers.Refuses = FakePeerService.Refusal(Code.ResourceExhausted, "STORE_FULL", "the disk is full");
        node.Feed.Receive("poison");
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<string>(FailOn("poison", handled)), time: time);
        // So often that the client's own patience with a call has ended, and more than once.
        await Terminal.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return node.Peers.Sends.Count >= 5;
        });
        Assert.DoesNotContain(node.Peers.Acknowledges, acknowledge => acknowledge.Cursor.Position > 0);
        node.Peers.Refuses = null;
        await Terminal.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMinutes(1));
            return node.Feed.Consumers.GetValueOrDefault(HandlerHost.Consumer) > 0;
        });
        Assert.Single(node.Feed.InRoom(Room));
    }

    [Fact]
    public async Task A_crash_before_the_acknowledgement_makes_no_second_dead_letter()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        node.Feed.Receive("poison");
        node.Peers.RefusesAcknowledges = FakePeerService.Refusal(Code.ResourceExhausted, "STORE_FULL", "the disk is full");
        await using (await HandlerHost.StartAsync(node, client => client.OnMessage<string>(FailOn("poison", handled))))
            await Terminal.WaitAsync(() => node.Feed.InRoom(Room).Count == 1);
        node.Peers.RefusesAcknowledges = null;
        // This time it fails with other words, so that the same message_id stands for other content.
        await using (await HandlerHost.StartAsync(
            node, client => client.OnMessage<string>((_, _) => throw new IOException("another reason")), options => options.MaxAttempts = 1))
            await Terminal.WaitAsync(() => node.Feed.Consumers.GetValueOrDefault(HandlerHost.Consumer) > 0);
        Assert.Single(node.Feed.InRoom(Room));
    }

    [Fact]
    public async Task What_can_not_be_read_as_its_type_is_poison_at_once()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive(new Content { Data = Google.Protobuf.ByteString.CopyFromUtf8("{"), ContentType = "application/json" });
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<Order>((_, _) => Task.CompletedTask));
        await Terminal.WaitAsync(() => node.Feed.InRoom(Room).Count == 1);
        var letter = await host.DeadLetters.ListAsync().SingleAsync();
        Assert.Equal(1, letter.Attempts);
        Assert.StartsWith("MessageFormatException: The message log/1 can't be read as Order", letter.Error);
        Assert.Equal("{", System.Text.Encoding.UTF8.GetString(letter.Copy.Data.Span));
    }

    [Fact]
    public async Task Headers_that_find_no_room_beside_those_of_a_dead_letter_are_left_out_and_counted()
    {
        await using var node = await FakeNode.StartAsync();
        var content = new Content { Text = "poison" };
        for (var number = 0; number < 64; number++)
            content.Headers[$"{number:00}"] = new string('x', 200);
        node.Feed.Receive(content);
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<string>(FailOn("poison", [])));
        await Terminal.WaitAsync(() => node.Feed.InRoom(Room).Count == 1);
        var headers = (await host.DeadLetters.ListAsync().SingleAsync()).Copy.Headers;
        Assert.Equal(64, headers.Count);
        Assert.Equal("11", headers[MessageHeaders.DeadLetterHeadersLeftOut]);
        Assert.InRange(headers.Sum(header => header.Key.Length + header.Value.Length), 1, 16 * 1024);
    }

    [Fact]
    public async Task A_dead_letter_that_is_replayed_or_discarded_is_no_longer_listed()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<ReceivedMessage>();
        var broken = true;
        foreach (var text in new[] { "one", "two", "three", "four" })
            node.Feed.Receive(text);
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage((message, _) =>
        {
            handled.Enqueue(message);
            return broken ? throw new IOException("broken") : Task.CompletedTask;
        }));
        await Terminal.WaitAsync(() => node.Feed.InRoom(Room).Count == 4);
        var letters = await host.DeadLetters.ListAsync().ToListAsync();
        Assert.Equal(["four", "three", "two", "one"], letters.Select(letter => letter.Copy.Text));
        await Assert.ThrowsAsync<IOException>(() => host.DeadLetters.ReplayAsync(letters[1]));
        broken = false;
        handled.Clear();
        await host.DeadLetters.ReplayAsync(letters[1]);
        await host.DeadLetters.DiscardAsync(letters[3]);
        var replayed = Assert.Single(handled);
        Assert.Equal(("three", "log/3", "bob-id", "bob"), (replayed.Text, replayed.Reference, replayed.Author, replayed.Peer));
        Assert.DoesNotContain(replayed.Headers, header => header.Key.StartsWith("dead-letter-", StringComparison.Ordinal));
        Assert.Equal(["four", "two"], await host.DeadLetters.ListAsync().Select(letter => letter.Copy.Text).ToListAsync());
    }

    [Fact]
    public async Task A_dead_letter_that_its_handler_passes_over_is_not_replayed()
    {
        await using var node = await FakeNode.StartAsync();
        var handled = new ConcurrentQueue<string>();
        var isWanted = true;
        node.Feed.Receive("poison");
        await using var host = await HandlerHost.StartAsync(node, client => client.OnMessage<string>(FailOn("poison", handled), new() { Where = _ => isWanted }));
        await Terminal.WaitAsync(() => node.Feed.InRoom(Room).Count == 1);
        isWanted = false;
        var letter = await host.DeadLetters.ListAsync().SingleAsync();
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => host.DeadLetters.ReplayAsync(letter));
        Assert.StartsWith("The handler 'String' does not take log/1, as it is set now", fault.Message);
        Assert.Single(await host.DeadLetters.ListAsync().ToListAsync());
    }

    [Fact]
    public async Task Attempts_are_paused_for_and_those_that_failed_for_an_absent_node_do_not_count()
    {
        await using var node = await FakeNode.StartAsync();
        var time = new FakeTimeProvider();
        var attempts = 0;
        node.Feed.Receive("one");
        var absent = new P2PGrpcException(Grpc.Core.StatusCode.Unavailable, P2PGrpcException.NodeUnreachable, "gone");
        await using var host = await HandlerHost.StartAsync(
            node, client => client.OnMessage<string>((_, _) => Interlocked.Increment(ref attempts) <= 10 ? throw absent : Task.CompletedTask),
            options => options.FirstRetryDelay = options.LongestRetryDelay = TimeSpan.FromMinutes(10), time);
        await Terminal.WaitAsync(() => attempts == 1);
        time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(1, attempts);
        await Terminal.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMinutes(10));
            return node.Feed.Consumers.GetValueOrDefault(HandlerHost.Consumer) > 0;
        });
        Assert.Equal(11, attempts);
        Assert.Empty(node.Peers.Rooms);
    }

    /// <summary>A message must not wait, with all behind it, for somebody else's return.</summary>
    [Fact]
    public async Task Attempts_that_failed_because_of_somebody_else_count()
    {
        await using var node = await FakeNode.StartAsync();
        Exception[] faults =
        [
            Fault(StatusCode.Unavailable, "PEER_NOT_LINKED"), Fault(StatusCode.Unavailable, "PEER_NOT_IDENTIFIED"), Fault(StatusCode.ResourceExhausted, "PEER_BOOK_FULL"),
            Fault(StatusCode.ResourceExhausted, ""), Fault(StatusCode.DeadlineExceeded, P2PGrpcException.NoReply, mayHaveHappened: true), new IOException("its own"),
        ];
        for (var number = 0; number < faults.Length; number++)
            node.Feed.Receive($"{number}");
        await using var host = await HandlerHost.StartAsync(
            node, client => client.OnMessage<string>((text, _) => throw faults[text[0] - '0']), options => options.MaxAttempts = 2);
        await HandlerHost.WaitForAcknowledgedAsync(node, faults.Length);
        Assert.Equal(Enumerable.Repeat(2, faults.Length), await host.DeadLetters.ListAsync().Select(letter => letter.Attempts).ToListAsync());
    }

    [Fact]
    public async Task Attempts_that_failed_because_of_the_own_node_do_not_count()
    {
        await using var node = await FakeNode.StartAsync();
        var faults = new Queue<Exception>(
        [
            Fault(StatusCode.Unavailable, P2PGrpcException.NodeUnreachable), Fault(StatusCode.ResourceExhausted, "STORE_FULL"), Fault(StatusCode.Unavailable, "STORE_HALTED"),
            Fault(StatusCode.Unavailable, "DRAINING"), Fault(StatusCode.Unavailable, "NODE_STOPPING"), Fault(StatusCode.Unavailable, ""),
            Fault(StatusCode.DeadlineExceeded, P2PGrpcException.NoReply),
        ]);
        node.Feed.Receive("one");
        await using var host = await HandlerHost.StartAsync(
            node, client => client.OnMessage<string>((_, _) => faults.TryDequeue(out var fault) ? throw fault : Task.CompletedTask), options => options.MaxAttempts = 1);
        await HandlerHost.WaitForAcknowledgedAsync(node);
        Assert.Empty(faults);
        Assert.Empty(node.Peers.Rooms);
    }

    /// <summary>A handler's condition is asked about the message as it came, in a room, too.</summary>
    [Fact]
    public async Task What_its_handler_takes_by_its_authors_alias_is_replayed_by_it_and_otherwise_stays_listed()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Rooms["#friends"] = true;
        var (broken, wanted, handled) = (true, "bob", 0);
        node.Feed.Receive(new Content { Text = "one" }, "bob", room: "#friends");
        await using var host = await HandlerHost.StartAsync(
            node,
            client => client.OnMessage<string>((_, _) => broken ? throw new IOException("broken") : Task.FromResult(handled++), new() { Where = message => message.Alias == wanted }));
        await HandlerHost.WaitForAcknowledgedAsync(node, 1);
        var letter = await host.DeadLetters.ListAsync().SingleAsync();
        (broken, wanted) = (false, "carol");
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.DeadLetters.ReplayAsync(letter));
        Assert.Equal((0, 1), (handled, await host.DeadLetters.ListAsync().CountAsync()));
        wanted = "bob";
        await host.DeadLetters.ReplayAsync(letter);
        Assert.Equal((1, 0), (handled, await host.DeadLetters.ListAsync().CountAsync()));
    }

    /// <summary>What a sender calls its properties ends in the log of who can't read them.</summary>
    [Fact]
    public async Task An_error_shows_control_characters_of_the_sender_as_escapes()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive(new Content
        {
            Data = Google.Protobuf.ByteString.CopyFromUtf8("""{"a\n12:00 all is well\u001b[2J":"x"}"""),
            ContentType = "application/json",
        });
        await using var client = node.CreateClient();
        var message = await client.SubscribeAsync(new SubscribeSettings { StartAt = StartAt.Start, Follow = false }).SingleAsync();
        var fault = Assert.Throws<MessageFormatException>(() => client.Serializer.Read<Dictionary<string, int>>(message));
        Assert.Contains("""a\u{A}12:00 all is well\u{1B}[2J""", fault.Message);
        Assert.DoesNotContain("\n12:00", fault.ToString());
        Assert.DoesNotContain("\u001b", fault.ToString());
    }

    [Theory]
    [InlineData("ä 🙂 👩\u200d🚀", "ä 🙂 👩\u200d🚀")]
    [InlineData("a\r\nb\u2028c\u202ed\u0085", "a\\u{D}\\u{A}b\\u{2028}c\\u{202E}d\\u{85}")]
    public void What_could_deceive_who_reads_a_log_is_shown(string text, string shown) => Assert.Equal(shown, VisibleText.Escape(text));

    private static P2PGrpcException Fault(StatusCode code, string reason, bool mayHaveHappened = false) => new(code, reason, "refused") { MayHaveHappened = mayHaveHappened };

    [Fact]
    public void Pauses_double_up_to_the_longest_and_begin_anew_after_a_success()
    {
        var delay = new GrowingDelay(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        foreach (var most in new[] { 1, 2, 4, 5, 5 })
            Assert.InRange(delay.Next().TotalSeconds, most / 2.0, most);
        delay.Reset();
        Assert.InRange(delay.Next().TotalSeconds, 0.5, 1);
    }

    private static Func<string, CancellationToken, Task> FailOn(string poison, ConcurrentQueue<string> handled) => (text, _) =>
    {
        handled.Enqueue(text);
        return text == poison ? throw new InvalidOperationException($"no {text}") : Task.CompletedTask;
    };

    private sealed record Order(int Number);
}
