using System.Text.Json;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>The history by the program's own commands, and over a kill.</summary>
public sealed class HistoryTests
{
    [Fact]
    public async Task What_was_said_is_listed_paged_found_and_marked_as_read()
    {
        await using var neighbourhood = new Neighbourhood();
        var (alice, bob) = await neighbourhood.StartPairAsync();
        for (var number = 1; number <= 5; number++)
            await bob.Client.SendAsync("alice", $"message {number} of bob", waitFor: Protocol.DeliveryState.Delivered);
        await alice.Client.SendAsync("bob", "an answer");

        var conversation = Assert.Single(await JsonAsync(alice, "conversations"));
        Assert.Equal(("bob", 6, 5), (Text(conversation, "peer"), Number(conversation, "messages"), Number(conversation, "unread")));
        Assert.Contains("bob\t5\t6\t0\t", (await RunAsync(alice, "conversations")).Output, StringComparison.Ordinal);

        var page = await JsonAsync(alice, "history", "bob", "--limit", "2");
        Assert.Equal(["message 5 of bob", "an answer"], page[..^1].Select(message => Text(message, "text")));
        Assert.Equal(("page", false), (Text(page[^1], "type"), page[^1].GetProperty("hasNewer").GetBoolean()));
        var older = await JsonAsync(alice, "history", "bob", "--before", Text(page[^1], "older"));
        Assert.Equal(4, older.Count - 1);
        var shown = (await RunAsync(alice, "history", "bob", "--limit", "2")).Output;
        Assert.Contains($"older: p2pgrpc history bob --limit 2 --data {alice.DataDirectory} --before {Text(page[^1], "older")}", shown, StringComparison.Ordinal);
        Assert.Equal(5, (await JsonAsync(alice, "history", "bob", "--author", "bob", "--limit", "3000")).Count - 1);
        Assert.Equal(6, (await JsonAsync(alice, "history", "bob", "--from", "2020-01-01")).Count - 1);

        Assert.Equal("message 3 of bob", Text((await JsonAsync(alice, "search", "message", "3"))[0], "text"));
        Assert.Contains("nothing was found", (await RunAsync(alice, "search", "\"of message\"")).Output, StringComparison.Ordinal);
        Assert.Equal("read; 0 unread since\n", (await RunAsync(alice, "read", "bob")).Output);

        await alice.KillAsync();
        await alice.StartAsync();
        conversation = Assert.Single(await JsonAsync(alice, "conversations"));
        Assert.Equal((6, 0), (Number(conversation, "messages"), Number(conversation, "unread")));
        Assert.StartsWith("6 messages are being indexed", (await RunAsync(alice, "reindex")).Output, StringComparison.Ordinal);
        Assert.Equal(6, (await JsonAsync(alice, "history", "bob")).Count - 1);
    }

    [Theory]
    [InlineData(2, "history", "bob", "--limit", "0")]
    [InlineData(2, "history", "bob", "--from", "soon")]
    [InlineData(2, "history", "bob", "--before", "x", "--after", "y")]
    [InlineData(4, "history", "nobody")]
    [InlineData(2, "history", "self", "--before", "x")]
    [InlineData(4, "search", "*")]
    [InlineData(4, "read", "#nowhere")]
    public async Task What_makes_no_sense_is_told_in_one_line(int exitCode, params string[] arguments)
    {
        await using var neighbourhood = new Neighbourhood();
        var alice = neighbourhood.Add("alice");
        await alice.StartAsync();
        var result = await Command.P2PGrpcAsync([.. arguments, "--data", alice.DataDirectory]);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith("p2pgrpc: ", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Trim().Split('\n'));
    }

    private static async Task<List<JsonElement>> JsonAsync(NodeProcess node, params string[] arguments) =>
        [.. (await RunAsync(node, [.. arguments, "--json"])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private static int Number(JsonElement json, string name) => json.GetProperty(name).GetInt32();

    private static async Task<CommandResult> RunAsync(NodeProcess node, params string[] arguments)
    {
        var result = await Command.P2PGrpcAsync([.. arguments, "--data", node.DataDirectory]);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.Error}");
        return result;
    }
}
