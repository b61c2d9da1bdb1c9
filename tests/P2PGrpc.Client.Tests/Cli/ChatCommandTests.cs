using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class ChatCommandTests
{
    [Fact]
    public async Task What_is_piped_in_is_sent_once_and_its_states_are_shown()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { InputText = "one\n\ntwo\n" };
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "chat", "bob"));
        Assert.Equal(["one", "two"], node.Feed.Texts);
        Assert.Contains("self: one ✓", terminal.Output);
        Assert.Contains("self: two ✓", terminal.Output);
        Assert.Equal(2, terminal.Output.Split("✓✓").Length - 1);
        Assert.Equal("", terminal.Error);
    }

    [Fact]
    public async Task What_the_other_says_is_shown_while_the_chat_lasts()
    {
        await using var node = await FakeNode.StartAsync();
        using var typed = new HeldInput();
        var terminal = new Terminal { Input = typed };
        var chat = terminal.RunAtAsync(node, "chat", "bob");
        await Terminal.WaitAsync(() => !node.Peers.Subscribes.IsEmpty);
        Assert.Equal("bob", node.Peers.Subscribes.First().Conversation);
        node.Feed.Receive("hello\u001b[2J");
        await Terminal.WaitAsync(() => terminal.Output.Contains("bob: hello", StringComparison.Ordinal));
        Assert.DoesNotContain('\u001b', terminal.Output);
        typed.End();
        Assert.Equal(ExitCodes.Success, await chat);
    }

    [Fact]
    public async Task Lines_to_a_peer_that_is_away_are_accepted_and_counted_at_the_end()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Delivers = DeliveryState.Accepted;
        var terminal = new Terminal { InputText = "one\ntwo\n" };
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "chat", "bob", "--settle", "300ms"));
        Assert.Equal(2, node.Feed.Count);
        Assert.DoesNotContain("✓✓", terminal.Output);
        Assert.Contains("2 of the lines are accepted, but not yet delivered", terminal.Error);
    }

    [Fact]
    public async Task A_refused_line_is_shown_with_its_reason_and_the_chat_goes_on()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Refuses = FakePeerService.Refusal(Google.Rpc.Code.ResourceExhausted, "STORE_FULL", "the disk is full");
        var terminal = new Terminal { InputText = "one\ntwo\n" };
        Assert.Equal(ExitCodes.Refused, await terminal.RunAtAsync(node, "chat", "bob"));
        Assert.Equal(2, terminal.Lines.Count(line => line.EndsWith("✗ the disk is full", StringComparison.Ordinal)));
    }

    /// <summary>D3: a line of unknown outcome is neither called refused nor sent under another message_id.</summary>
    [Fact]
    public async Task A_line_that_finds_no_node_is_given_again_until_there_is_one()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Refuses = FakePeerService.Refusal(Google.Rpc.Code.Unavailable, "NODE_UNREACHABLE", "nothing answers");
        var terminal = new Terminal { InputText = "one\n" };
        var chat = terminal.RunAtAsync(node, "chat", "bob");
        while (node.Peers.Sends.Select(send => send.MessageId).Count() < 2)
            await Task.Yield();
        node.Peers.Refuses = null;

        Assert.Equal(ExitCodes.Success, await chat);
        Assert.Single(node.Peers.Sends.Select(send => send.MessageId).Distinct());
        Assert.DoesNotContain("✗", terminal.Output);
    }

    [Fact]
    public async Task A_chat_with_an_unknown_peer_ends_with_the_words_of_the_node()
    {
        await using var node = await FakeNode.StartAsync();
        using var typed = new HeldInput();
        var terminal = new Terminal { Input = typed };
        Assert.Equal(ExitCodes.Refused, await terminal.RunAtAsync(node, "chat", "nobody"));
        Assert.Contains("near names: bob", terminal.Error);
        typed.End();
    }

    [Fact]
    public async Task What_is_half_typed_stays_at_the_bottom_while_messages_come_in()
    {
        await using var node = await FakeNode.StartAsync();
        using var keys = new System.Collections.Concurrent.BlockingCollection<ConsoleKeyInfo>();
        var terminal = new Terminal { Colors = true, ReadKey = keys.Take };
        var chat = terminal.RunAtAsync(node, "chat", "bob");
        await Terminal.WaitAsync(() => !node.Peers.Subscribes.IsEmpty);
        foreach (var character in "half")
            keys.Add(new ConsoleKeyInfo(character, ConsoleKey.None, false, false, false));
        await Terminal.WaitAsync(() => terminal.Output.EndsWith("> half", StringComparison.Ordinal));

        node.Feed.Receive("in between");
        await Terminal.WaitAsync(() => terminal.Output.Contains("in between\n\r\u001b[2K> half", StringComparison.Ordinal)
            || terminal.Output.Contains("in between\u001b[0m\n\r\u001b[2K> half", StringComparison.Ordinal));
        keys.Add(new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false));
        await Terminal.WaitAsync(() => node.Feed.Texts.Contains("half"));
        keys.Add(new ConsoleKeyInfo('\u0004', ConsoleKey.D, false, false, true));

        Assert.Equal(ExitCodes.Success, await chat);
        Assert.DoesNotContain("> half\n", terminal.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_without_an_end_ends_the_chat_before_it_fills_the_memory()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { Input = new EndlessInput("one\n") };
        Assert.Equal(ExitCodes.Usage, await terminal.RunAtAsync(node, "chat", "bob"));
        Assert.Equal(["one"], node.Feed.Texts);
        Assert.Contains("more than the 131072 bytes", terminal.Error);
    }

    [Fact]
    public async Task A_line_that_is_no_text_ends_the_chat_with_a_hint()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { InputBytes = [.. "one\n"u8, 0xFF, .. "\n"u8] };
        Assert.Equal(ExitCodes.Usage, await terminal.RunAtAsync(node, "chat", "bob"));
        Assert.Equal(["one"], node.Feed.Texts);
        Assert.Contains("no UTF-8 text", terminal.Error);
    }

    /// <summary>Input at which nobody types until it ends.</summary>
    private sealed class HeldInput : MemoryStream
    {
        private readonly ManualResetEventSlim ended = new();

        public void End() => ended.Set();

        public override int Read(byte[] buffer, int offset, int count)
        {
            ended.Wait(TimeSpan.FromSeconds(60));
            return 0;
        }
    }
}
