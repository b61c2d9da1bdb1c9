using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>What history and search ask for, and what they say about going on.</summary>
public sealed class HistoryCommandTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task The_hints_of_history_are_commands_that_go_on_with_pages_of_the_same_size()
    {
        await using var node = await StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "history", "bob", "--limit", "2"));
        Assert.Equal($"older: p2pgrpc history bob --limit 2 --data {node.Directory} --before {FakeConversations.Place(4)}", terminal.Lines[^1]);

        var middle = await RepeatAsync(terminal.Lines[^1]);
        Assert.Equal(["message 2", "message 3"], Texts(middle));
        Assert.Equal($"newer: p2pgrpc history bob --limit 2 --data {node.Directory} --after {FakeConversations.Place(3)}", middle.Lines[^1]);
        var byAuthor = new Terminal();
        await byAuthor.RunAtAsync(node, "history", "bob", "--author", "it's me", "--limit", "5");
        Assert.Contains("older: p2pgrpc history bob --author 'it'\\''s me' --limit 5 --data ", byAuthor.Output);
    }

    [Fact]
    public async Task A_span_of_time_ends_where_it_is_told_also_over_pages()
    {
        await using var node = await StartAsync();
        var all = new Terminal();
        await all.RunAtAsync(node, "history", "bob", "--from", "2026-11-26T13:00:00Z", "--until", "2026-11-26T16:00:00Z");
        Assert.Equal(["message 1", "message 2", "message 3"], Texts(all));
        Assert.DoesNotContain("newer:", all.Output);

        var first = new Terminal();
        await first.RunAtAsync(node, "history", "bob", "--from", "2026-11-26T13:00:00Z", "--until", "2026-11-26T16:00:00Z", "--limit", "2");
        Assert.Equal(["message 1", "message 2"], Texts(first));
        Assert.EndsWith($" --after {FakeConversations.Place(2)} --until 2026-11-26T16:00:00.000Z", first.Lines[^1]);
        var second = await RepeatAsync(first.Lines[^1]);
        Assert.Equal(["message 3"], Texts(second));
        Assert.DoesNotContain("newer:", second.Output);

        var nothing = new Terminal();
        await nothing.RunAtAsync(node, "history", "bob", "--from", "2026-11-26T13:01:00Z", "--until", "2026-11-26T13:02:00Z");
        Assert.Contains("no messages", nothing.Output);
    }

    [Theory]
    [InlineData("2026-11-26T00:00:00Z", 1_795_651_200_000, 1_795_651_200_000)]
    [InlineData("0001-01-01", 0, 0)]
    [InlineData("1969-01-01", 0, 0)]
    [InlineData("9999-12-31", 253_400_000_000_000, 253_500_000_000_000)]
    public async Task Any_day_is_a_time(string time, long least, long most)
    {
        await using var node = await StartAsync();
        Assert.Equal(ExitCodes.Success, await new Terminal().RunAtAsync(node, "history", "bob", "--until", time));
        Assert.InRange(node.Conversations.Lists.Single().BeforeMs, (ulong)least, (ulong)most);
        Assert.Equal(ExitCodes.Success, await new Terminal().RunAtAsync(node, "history", "bob", "--from", time));
    }

    [Theory]
    [InlineData("now", 0)]
    [InlineData("90s", 90)]
    [InlineData("2h", 7200)]
    [InlineData("7d", 604_800)]
    public async Task A_time_may_be_now_or_how_long_ago_it_was(string time, int seconds)
    {
        await using var node = await StartAsync();
        var before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.Equal(ExitCodes.Success, await new Terminal().RunAtAsync(node, "history", "bob", "--until", time));
        var after = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.InRange((long)node.Conversations.Lists.Single().BeforeMs + seconds * 1000L, before, after);
    }

    [Fact]
    public async Task The_hint_of_a_search_is_the_same_command_for_the_next_page()
    {
        await using var node = await StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(
            node, "search", "\"last train\"", "pla*", "--conversation", "#friends", "--author", "bob", "--limit", "1"));
        Assert.Equal(
            $"more: p2pgrpc search '\"last train\"' 'pla*' --conversation '#friends' --author bob --limit 1 --data {node.Directory} --page 7", terminal.Lines[^1]);
        var dashed = new Terminal();
        await dashed.RunAsync("search", "--limit", "1", "--data", node.Directory, "--", "-9");
        Assert.Equal($"more: p2pgrpc search --limit 1 --data {node.Directory} --page 7 -- -9", dashed.Lines[^1]);
        await RepeatAsync(dashed.Lines[^1]);
        Assert.Equal(("-9", "7"), node.Conversations.Searches.Select(search => (search.Query, search.Page)).Last());
    }

    private static async Task<FakeNode> StartAsync()
    {
        var node = await FakeNode.StartAsync();
        node.Conversations.Times.AddRange(Enumerable.Range(0, 6).Select(hour => Noon.AddHours(hour)));
        return node;
    }

    /// <summary>Types what a hint says. There is nothing in it that a shell would take apart otherwise.</summary>
    private static async Task<Terminal> RepeatAsync(string hint)
    {
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAsync(hint.Split(' ')[2..]));
        return terminal;
    }

    private static IEnumerable<string> Texts(Terminal terminal) =>
        terminal.Lines.Where(line => line.Contains("bob: ", StringComparison.Ordinal)).Select(line => line[(line.IndexOf("bob: ", StringComparison.Ordinal) + 5)..]);
}
