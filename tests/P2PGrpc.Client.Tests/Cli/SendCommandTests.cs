using System.Text.Json;
using Google.Rpc;
using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class SendCommandTests
{
    [Fact]
    public async Task Send_prints_the_reference_and_the_state()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "send", "bob", "hello"));
        Assert.Equal("log/1 accepted\n", terminal.Output);
        Assert.Equal("", terminal.Error);
    }

    [Fact]
    public async Task Send_with_wait_says_delivered()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "send", "bob", "hello", "--wait"));
        Assert.Equal("log/1 delivered\n", terminal.Output);
    }

    [Fact]
    public async Task Send_with_wait_that_is_only_accepted_ends_with_its_own_exit_code()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Delivers = DeliveryState.Accepted;
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.NotDelivered, await terminal.RunAtAsync(node, "send", "bob", "hello", "--wait"));
        Assert.Equal("log/1 accepted\n", terminal.Output);
        Assert.Contains("goes on trying", terminal.Error);
    }

    [Fact]
    public async Task Send_by_address_and_token_file_writes_json()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAsync(
            "send", "bob", "hello", "--api", node.Address, "--token-file", node.TokenFile, "--json"));
        Assert.Equal("""{"type":"receipt","to":"bob","reference":"log/1","state":"accepted"}""", terminal.Lines.Single());
    }

    [Fact]
    public async Task Everything_that_send_can_say_reaches_the_node()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { InputBytes = [1, 2, 0, 255] };
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(
            node, "send", "bob", "--file", "-", "--content-type", "image/png", "--header", "a=b=c", "--header", "d=", "--message-id", "m"));
        var sent = Assert.Single(node.Peers.Sends);
        Assert.Equal([1, 2, 0, 255], sent.Data.ToByteArray());
        Assert.Equal(("image/png", "b=c", "", "m"), (sent.ContentType, sent.Headers["a"], sent.Headers["d"], sent.MessageId));
    }

    [Fact]
    public async Task A_text_from_a_pipe_loses_one_line_end_only()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { InputText = "one\ntwo\n\n" };
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "send", "bob", "-"));
        Assert.Equal(["one\ntwo\n"], node.Feed.Texts);
    }

    [Fact]
    public async Task A_text_from_a_pipe_is_read_no_further_than_a_message_goes()
    {
        await using var node = await FakeNode.StartAsync();
        using var endless = new EndlessInput();
        var terminal = new Terminal { Input = endless };
        Assert.Equal(ExitCodes.Usage, await terminal.RunAtAsync(node, "send", "bob", "-"));
        Assert.Contains("more than the 131072 bytes", terminal.Error);
        Assert.InRange(endless.Given, 128 * 1024, 256 * 1024);

        var largest = new Terminal { InputText = new string('x', 128 * 1024) + "\r\n" };
        Assert.Equal(ExitCodes.Success, await largest.RunAtAsync(node, "send", "bob", "-"));
        Assert.Equal(128 * 1024, Assert.Single(node.Feed.Texts).Length);
    }

    [Fact]
    public async Task An_empty_message_id_protects_nothing_and_is_refused()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Usage, await terminal.RunAtAsync(node, "send", "bob", "hello", "--message-id", ""));
        Assert.Empty(node.Peers.Sends);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("--file", "-")]
    public async Task An_empty_message_is_not_sent(params string[] what)
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Usage, await terminal.RunAtAsync(node, ["send", "bob", .. what]));
        Assert.Empty(node.Peers.Sends);
        Assert.Contains("is empty", terminal.Error);
    }

    [Theory]
    [InlineData(new byte[] { 0x61, 0xFF })]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x61, 0x00 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    public async Task Bytes_from_a_pipe_that_are_no_UTF_8_are_not_sent_as_a_text(byte[] bytes)
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { InputBytes = bytes };
        Assert.Equal(ExitCodes.Usage, await terminal.RunAtAsync(node, "send", "bob", "-"));
        Assert.Empty(node.Peers.Sends);
        Assert.Contains("--file", terminal.Error);
    }

    [Fact]
    public async Task A_byte_order_mark_is_sent_as_the_character_that_it_is()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { InputBytes = [0xEF, 0xBB, 0xBF, 0x61] };
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "send", "bob", "-"));
        Assert.Equal(["\ufeffa"], node.Feed.Texts);
    }

    [Theory]
    [InlineData("@all of you")]
    [InlineData("[red]:bomb:")]
    public async Task A_text_is_sent_as_it_is(string text)
    {
        await using var node = await FakeNode.StartAsync();
        Assert.Equal(ExitCodes.Success, await new Terminal().RunAtAsync(node, "send", "bob", text));
        Assert.Equal([text], node.Feed.Texts);
    }

    [Fact]
    public async Task An_ephemeral_message_has_a_state_only()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "send", "bob", "now", "--ephemeral"));
        Assert.Equal("sent\n", terminal.Output);
    }

    [Fact]
    public async Task A_refusal_is_one_clean_line_and_exit_code_4()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Refuses = FakePeerService.Refusal(Code.NotFound, "PEER_UNKNOWN", "no bbo;\u001b[2J\nnear names: bob");
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Refused, await terminal.RunAtAsync(node, "send", "bbo", "hello"));
        Assert.Equal("", terminal.Output);
        Assert.StartsWith("p2pgrpc: no bbo;", terminal.Error);
        Assert.DoesNotContain('\u001b', terminal.Error);
        Assert.Single(terminal.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_wrong_token_is_refused_and_no_node_is_unreachable()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Refused, await terminal.RunAsync("send", "bob", "x", "--api", node.Address));
        Assert.Contains("token", terminal.Error);
        await node.StopAsync();
        Assert.Equal(ExitCodes.Unreachable, await terminal.RunAsync("send", "bob", "x", "--api", node.Address));
        Assert.Equal(ExitCodes.Unreachable, await terminal.RunAtAsync(node, "send", "bob", "x"));
    }

    [Fact]
    public async Task A_time_limit_that_passes_is_a_failure()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Hold = new TaskCompletionSource().Task;
        Assert.Equal(ExitCodes.Failure, await new Terminal().RunAtAsync(node, "send", "bob", "x", "--timeout", "200ms"));
    }

    /// <summary>A plain repetition of the command would be a second message.</summary>
    [Fact]
    public async Task An_id_is_named_wherever_the_node_may_have_taken_the_message_D3()
    {
        await using var node = await FakeNode.StartAsync();
        node.Peers.Refuses = FakePeerService.Refusal(Code.Unavailable, "STORE_HALTED", "the store failed");
        var halted = new Terminal();
        Assert.Equal(ExitCodes.Refused, await halted.RunAtAsync(node, "send", "bob", "hello", "--timeout", "1s"));
        Assert.Contains($"--message-id {node.Peers.Sends.First().MessageId}", halted.Error);

        node.Peers.Refuses = null;
        node.Peers.Sends.Clear();
        node.Peers.Hold = new TaskCompletionSource().Task;
        using var interruption = new CancellationTokenSource();
        var interrupted = new Terminal();
        var send = interrupted.RunAsync(interruption.Token, "send", "bob", "hello", "--data", node.Directory);
        await Terminal.WaitAsync(() => !node.Peers.Sends.IsEmpty);
        await interruption.CancelAsync();
        Assert.Equal(ExitCodes.Interrupted, await send);
        Assert.Contains($"--message-id {node.Peers.Sends.First().MessageId}", interrupted.Error);
    }

    [Fact]
    public async Task Where_nothing_was_handed_over_no_id_is_named()
    {
        await using var node = await FakeNode.StartAsync();
        await node.StopAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Unreachable, await terminal.RunAsync(
            "send", "bob", "hello", "--api", node.Address, "--token-file", node.TokenFile, "--timeout", "1s"));
        Assert.DoesNotContain("--message-id", terminal.Error);
    }

    [Fact]
    public async Task A_file_that_is_too_large_is_refused_before_it_is_read_whole()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { InputBytes = new byte[(128 * 1024) + 1] };
        Assert.Equal(ExitCodes.Usage, await terminal.RunAtAsync(node, "send", "bob", "--file", "-"));
        Assert.Empty(node.Peers.Sends);
    }

    [Theory]
    [InlineData("send")]
    [InlineData("send", "bob")]
    [InlineData("send", "bob", "a", "--file", "b")]
    [InlineData("send", "bob", "a", "--content-type", "b")]
    [InlineData("send", "bob", "a", "--wait", "--ephemeral")]
    [InlineData("send", "bob", "a", "--header", "novalue")]
    [InlineData("send", "bob", "a", "--header", "a=1", "--header", "a=2")]
    [InlineData("send", "bob", "a", "--timeout", "soon")]
    [InlineData("send", "bob", "a", "--timeout", "-1s")]
    [InlineData("send", "bob", "a", "--data", "x", "--api", "h:1")]
    [InlineData("send", "bob", "a", "--token-file", "x")]
    [InlineData("send", "bob", "a", "--api", "nonsense")]
    [InlineData("send", "bob", "a", "--nonsense")]
    [InlineData("tail", "--from", "middle")]
    [InlineData("chat")]
    [InlineData("peers")]
    [InlineData("peers", "add")]
    [InlineData("nonsense")]
    public async Task A_wrong_command_line_is_one_line_and_exit_code_2(params string[] arguments)
    {
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Usage, await terminal.RunAsync(arguments));
        Assert.StartsWith("p2pgrpc: ", terminal.Error);
        Assert.Single(terminal.Error.TrimEnd().Split('\n'));
        Assert.Equal("", terminal.Output);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("send")]
    [InlineData("tail")]
    [InlineData("chat")]
    [InlineData("peers")]
    [InlineData("peers", "list")]
    [InlineData("peers", "add")]
    [InlineData("peers", "remove")]
    [InlineData("peers", "accept")]
    [InlineData("peers", "block")]
    [InlineData("events")]
    [InlineData("id")]
    [InlineData("status")]
    public async Task The_help_of_each_command_shows_examples_of_it(params string[] command)
    {
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAsync([.. command, "--help"]));
        Assert.Contains("Examples:", terminal.Output);
        Assert.Contains("p2pgrpc " + string.Join(' ', command), terminal.Output[terminal.Output.IndexOf("Examples:", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task The_help_of_the_program_lists_exit_codes_and_environment()
    {
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAsync("--help"));
        Assert.Contains("Exit codes:", terminal.Output);
        Assert.Contains("P2PGRPC_DATA", terminal.Output);
    }

    [Fact]
    public async Task The_environment_names_the_data_directory()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { Environment = { ["P2PGRPC_DATA"] = node.Directory } };
        Assert.Equal(ExitCodes.Success, await terminal.RunAsync("id", "--json"));
        using var json = JsonDocument.Parse(terminal.Lines.Single());
        Assert.Equal("alice-id@127.0.0.1:5555", json.RootElement.GetProperty("address").GetString());
    }
}
