using System.Text.Json;
using Google.Protobuf;
using Google.Rpc;
using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class TailCommandTests
{
    [Fact]
    public async Task Without_following_everything_held_is_shown()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("one");
        node.Feed.Append(new Content { Text = "mine" });
        node.Feed.Receive("two", alias: "carol");
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "tail", "--no-follow"));
        Assert.Equal(2, terminal.Lines.Length);
        Assert.Matches(@"^\d\d:\d\d:\d\d  bob: one$", terminal.Lines[0]);
        Assert.Matches(@"^\d\d:\d\d:\d\d  carol: two$", terminal.Lines[1]);
    }

    [Fact]
    public async Task Own_messages_are_shown_when_asked_for()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Append(new Content { Text = "mine" });
        var terminal = new Terminal();
        await terminal.RunAtAsync(node, "tail", "--no-follow", "--own");
        Assert.EndsWith("self → bob: mine", terminal.Lines.Single());
    }

    [Fact]
    public async Task Json_has_the_names_that_programs_rely_on()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive(new Content { Text = "hé\u001b", Headers = { ["a"] = "b" }, MessageId = "m" }, clock: 1_700_000_000_000UL << 16);
        node.Feed.Receive(new Content { Data = ByteString.CopyFrom(1, 2), ContentType = "image/png" });
        var terminal = new Terminal();
        await terminal.RunAtAsync(node, "tail", "--no-follow", "--json");
        Assert.Equal(
            """{"type":"message","author":"bob-id","alias":"bob","peer":"bob","room":"","conversation":"conversation","reference":"log/1","cursor":"1.0000000000c0ffee","time":"2023-11-14T22:13:20.000Z","text":"h\u00E9\u001B","contentType":"","headers":{"a":"b"},"messageId":"m","ephemeral":false}""",
            terminal.Lines[0]);
        using var second = JsonDocument.Parse(terminal.Lines[1]);
        Assert.Equal([1, 2], second.RootElement.GetProperty("data").GetBytesFromBase64());
        Assert.False(second.RootElement.TryGetProperty("text", out _));
    }

    [Theory(DisplayName = "A5: nothing that a peer writes controls the terminal")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_that_a_peer_writes_controls_the_terminal(bool colors)
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("[red]a[/] :bomb: \u001b]0;title\u0007\u009b2J\u202eb\rc", alias: "x\u001b[1m");
        node.Feed.Receive(new Content { Data = ByteString.CopyFrom(27), ContentType = "a\u001b[2J" });
        var terminal = new Terminal { Colors = colors };
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "tail", "--no-follow"));
        var shown = colors ? RemoveStyles(terminal.Output) : terminal.Output;
        Assert.All(shown, letter => Assert.False(letter != '\n' && (char.IsControl(letter) || letter == '\u202e'), $"U+{(int)letter:x4}"));
        Assert.Contains("[red]a[/] :bomb: ", shown);
    }

    [Fact]
    public async Task Further_lines_of_a_text_can_not_pass_for_messages()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("one\n12:00:00  alice: I owe you\r\nthree\u2028four");
        var terminal = new Terminal();
        await terminal.RunAtAsync(node, "tail", "--no-follow");
        Assert.Equal(4, terminal.Lines.Length);
        Assert.All(terminal.Lines.Skip(1), line => Assert.StartsWith("          ", line));
    }

    [Fact]
    public async Task A_named_consumer_acknowledges_what_was_written_and_goes_on_there()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Consumers["reader"] = 1;
        for (var number = 1; number <= 5; number++)
            node.Feed.Receive($"{number}");
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "tail", "--consumer", "reader", "--no-follow"));
        Assert.Equal(4, terminal.Lines.Length);
        Assert.Equal(5UL, node.Feed.Consumers["reader"]);
        var again = new Terminal();
        await again.RunAtAsync(node, "tail", "--consumer", "reader", "--no-follow");
        Assert.Equal("", again.Output);
    }

    [Fact]
    public async Task A_node_that_can_not_keep_a_consumers_place_shows_all_the_same_and_ends_by_saying_so()
    {
        await using var node = await FakeNode.StartAsync();
        for (var number = 1; number <= 5; number++)
            node.Feed.Receive($"{number}");
        node.Peers.RefusesAcknowledges = FakePeerService.Refusal(Code.ResourceExhausted, "STORE_FULL", "The disk is full.");
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Refused, await terminal.RunAtAsync(node, "tail", "--consumer", "reader", "--from", "start", "--no-follow"));
        Assert.Equal(5, terminal.Lines.Length);
        Assert.Equal(
            ["p2pgrpc: The disk is full. What is shown meanwhile is shown again the next time."],
            terminal.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task What_ends_a_tail_is_told_and_not_the_place_that_could_not_be_kept()
    {
        await using var node = await FakeNode.StartAsync();
        using var ending = new CancellationTokenSource();
        var terminal = new Terminal();
        var tail = await TailOnFullDiskAsync(node, terminal, ending.Token);
        await ending.CancelAsync();
        Assert.Equal(ExitCodes.Interrupted, await tail);
        Assert.Single(terminal.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_consumers_place_that_could_not_be_kept_is_told_again_at_the_end()
    {
        await using var node = await FakeNode.StartAsync();
        using var ending = new CancellationTokenSource();
        var terminal = new Terminal();
        var tail = await TailOnFullDiskAsync(node, terminal, ending.Token);
        node.Peers.RefusesAcknowledges = null;
        await ending.CancelAsync();
        Assert.Equal(ExitCodes.Interrupted, await tail);
        Assert.Equal(1UL, node.Feed.Consumers["reader"]);
    }

    [Fact]
    public async Task A_node_that_goes_away_while_messages_flow_does_not_end_the_tail_and_keeps_the_place_later()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("one");
        node.Peers.RefusesAcknowledges = FakePeerService.Refusal(Code.Unavailable, "STOPPING", "The node stops.");
        using var ending = new CancellationTokenSource();
        var terminal = new Terminal();
        var tail = terminal.RunAsync(ending.Token, "tail", "--data", node.Directory, "--consumer", "reader", "--from", "start");
        await Terminal.WaitAsync(() => terminal.Output.Contains("one", StringComparison.Ordinal) && !node.Peers.Acknowledges.IsEmpty);
        node.Feed.Receive("two");
        await Terminal.WaitAsync(() => terminal.Output.Contains("two", StringComparison.Ordinal));
        await node.StopAsync();
        await Terminal.WaitAsync(() => terminal.Error.Contains("Waiting for the node", StringComparison.Ordinal));
        node.Peers.RefusesAcknowledges = null;
        await node.StartAgainAsync();
        // Without a further message: what tells the reader that it has seen all is enough.
        await Terminal.WaitAsync(() => node.Feed.Consumers.GetValueOrDefault("reader") == 2);
        Assert.False(tail.IsCompleted);
        await ending.CancelAsync();
        Assert.Equal(ExitCodes.Interrupted, await tail);
        Assert.Single(terminal.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_place_that_a_node_gone_for_good_could_not_keep_is_told_at_the_end()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("one");
        node.Peers.RefusesAcknowledges = FakePeerService.Refusal(Code.Unavailable, "STOPPING", "The node stops.");
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Refused, await terminal.RunAtAsync(node, "tail", "--consumer", "reader", "--from", "start", "--no-follow"));
        Assert.Equal(["p2pgrpc: The node stops. What is shown meanwhile is shown again the next time."], terminal.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_refusal_that_no_waiting_helps_against_ends_the_tail()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("one");
        node.Peers.RefusesAcknowledges = FakePeerService.Refusal(Code.OutOfRange, "CURSOR_UNKNOWN", "Another database.");
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Refused, await terminal.RunAtAsync(node, "tail", "--consumer", "reader", "--from", "start"));
        Assert.Equal("p2pgrpc: Another database.\n", terminal.Error);
    }

    [Fact]
    public async Task Following_shows_what_comes_and_ends_when_told_to()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("old");
        using var ending = new CancellationTokenSource();
        var terminal = new Terminal();
        var tail = terminal.RunAsync(ending.Token, "tail", "--data", node.Directory, "--consumer", "reader");
        await Terminal.WaitAsync(() => !node.Peers.Acknowledges.IsEmpty);
        node.Feed.Receive("new");
        await Terminal.WaitAsync(() => terminal.Output.Contains("bob: new", StringComparison.Ordinal));
        await Terminal.WaitAsync(() => node.Feed.Consumers["reader"] == 2);
        await ending.CancelAsync();
        Assert.Equal(ExitCodes.Interrupted, await tail);
        Assert.DoesNotContain("old", terminal.Output);
    }

    [Fact]
    public async Task A_node_that_goes_away_is_waited_for_and_said_so_once()
    {
        await using var node = await FakeNode.StartAsync();
        using var ending = new CancellationTokenSource();
        var terminal = new Terminal();
        // A first message shows that the subscription stands: only then is there a place to go on from.
        node.Feed.Receive("before");
        var tail = terminal.RunAsync(ending.Token, "tail", "--data", node.Directory, "--from", "start");
        await Terminal.WaitAsync(() => terminal.Output.Contains("before", StringComparison.Ordinal));
        await node.StopAsync();
        await Terminal.WaitAsync(() => terminal.Error.Contains("Waiting for the node", StringComparison.Ordinal));
        node.Feed.Receive("meanwhile");
        await node.StartAgainAsync();
        await Terminal.WaitAsync(() => terminal.Output.Contains("meanwhile", StringComparison.Ordinal));
        await ending.CancelAsync();
        await tail;
        Assert.Single(terminal.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_cursor_from_json_is_a_place_to_begin()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("one");
        node.Feed.Receive("two");
        var terminal = new Terminal();
        await terminal.RunAtAsync(node, "tail", "--from", "1.0000000000c0ffee", "--no-follow");
        Assert.EndsWith("bob: two", terminal.Lines.Single());
    }

    [Fact]
    public async Task An_unknown_conversation_is_refused_and_an_absent_node_unreachable()
    {
        await using var node = await FakeNode.StartAsync();
        Assert.Equal(ExitCodes.Refused, await new Terminal().RunAtAsync(node, "tail", "--conversation", "nobody"));
        await node.StopAsync();
        Assert.Equal(ExitCodes.Unreachable, await new Terminal().RunAtAsync(node, "tail"));
    }

    private static string RemoveStyles(string text) => System.Text.RegularExpressions.Regex.Replace(text, "\u001b\\[[0-9;]*m", "");

    /// <summary>A tail that has shown a message, and said that the node could not keep its place. The task is its exit code.</summary>
    private static async Task<Task<int>> TailOnFullDiskAsync(FakeNode node, Terminal terminal, CancellationToken cancellationToken)
    {
        node.Feed.Receive("one");
        node.Peers.RefusesAcknowledges = FakePeerService.Refusal(Code.ResourceExhausted, "STORE_FULL", "The disk is full.");
        var tail = terminal.RunAsync(cancellationToken, "tail", "--data", node.Directory, "--consumer", "reader", "--from", "start");
        await Terminal.WaitAsync(() => terminal.Error.Contains("shown again", StringComparison.Ordinal));
        return tail;
    }
}
