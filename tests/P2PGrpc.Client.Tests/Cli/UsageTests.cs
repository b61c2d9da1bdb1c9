using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>What the program can judge by itself is refused in one line that names the option and what it takes, with 2, before a node is asked.</summary>
public sealed class UsageTests
{
    private const string Name = "a name is 1 to 32 of a-z, 0-9, _ and -, a letter first, and not 'self'.";
    private const string Bytes = "write a number of bytes, or one with K, M, G or T, such as 500M; at least 1M is kept.";
    private const string Day = "write a day or a time: 2026-11-26, ";
    private const string Place = "give the place that an answer to the same question named as older or newer.";

    [Theory]
    [InlineData("history self --limit x", "--limit 'x': write a whole number from 1 to 100000.")]
    [InlineData("history self --limit 1.5", "--limit '1.5': write a whole number from 1 to 100000.")]
    [InlineData("history self --limit 0", "--limit '0': write a whole number from 1 to 100000.")]
    [InlineData("search word --limit 99999999999", "--limit '99999999999': write a whole number from 1 to 100000.")]
    [InlineData("search word --limit -1", "--limit '-1': write a whole number from 1 to 100000.")]
    [InlineData("history self --limit=", "--limit")]
    [InlineData("history self --limit", "--limit")]
    [InlineData("history self --from --data d", "--from needs a value: --data, which follows it, is an option.")]
    [InlineData("tail --consumer --json", "--consumer needs a value: --json, which follows it, is an option.")]
    [InlineData("history self --from soon", "--from 'soon': " + Day)]
    [InlineData("history self --from 2026", "--from '2026': " + Day)]
    [InlineData("history self --until <empty>", "--until '': " + Day)]
    [InlineData("history self --from 1h --until 2h", "--until is no later than --from")]
    [InlineData("history self --before x", "--before 'x': " + Place)]
    [InlineData("history self --after 7", "--after '7': " + Place)]
    [InlineData("history self --author bob --before x", "--before 'x': " + Place)]
    [InlineData("history self --author bob --from 2h", "--from and --until don't go with --author")]
    [InlineData("history self --from 2h --after <place>", "Give one of --before, --after and --from")]
    [InlineData("history self --until 2h --before <place>", "Give one of --before, --after and --from")]
    [InlineData("search word --page x", "--page 'x': give the place")]
    [InlineData("retention set self --days x", "--days 'x': write a whole number from 1 to 36500.")]
    [InlineData("retention set self --days -1", "--days '-1': write a whole number from 1 to 36500.")]
    [InlineData("retention set self --days 1.5", "--days '1.5': write a whole number from 1 to 36500.")]
    [InlineData("retention set self --days 0", "--days '0': write a whole number from 1 to 36500.")]
    [InlineData("retention set self --days 99999999999", "--days '99999999999': write a whole number from 1 to 36500.")]
    [InlineData("retention set self --bytes 1", "--bytes '1': " + Bytes)]
    [InlineData("retention set self --bytes x", "--bytes 'x': " + Bytes)]
    [InlineData("retention set self --bytes off", "--bytes 'off': " + Bytes)]
    [InlineData("tail --consumer <empty>", "--consumer '': A consumer's name is a lower-case letter")]
    [InlineData("tail --consumer No", "--consumer 'No': A consumer's name is a lower-case letter")]
    [InlineData("join hello", "This is no ticket: ")]
    [InlineData("join room-x --name self", "--name 'self': " + Name)]
    [InlineData("join peer-x --name #bob", "--name '#bob': " + Name)]
    [InlineData("room join peer-x", "This is no ticket of a room: ")]
    [InlineData("room join <empty>", "This is no ticket of a room: ")]
    [InlineData("room join room-x --name <empty>", "--name '': " + Name)]
    [InlineData("room create 9lives", "The room's name '9lives': " + Name)]
    [InlineData("invite --alias Bob", "--alias 'Bob': " + Name)]
    [InlineData("invite --expires soon", "--expires 'soon': write a time such as 500ms, 10s, 2m, 3h or 7d")]
    [InlineData("peers accept k3v7q2mw --alias Bob", "--alias 'Bob': " + Name)]
    [InlineData("send bob x --timeout 2d", "--timeout '2d': write a time such as 500ms, 10s, 2m, 3h or 7d, up to 1d 0h.")]
    public async Task A_value_that_can_not_be_meant_is_told_with_its_option_and_exit_code_2(string typed, string error)
    {
        var arguments = typed.Split(' ').Select(word => word switch { "<empty>" => "", "<place>" => FakeConversations.Place(1), _ => word }).ToArray();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Usage, await terminal.RunAsync(arguments));
        Assert.StartsWith("p2pgrpc: ", terminal.Error);
        Assert.Contains(error, terminal.Error);
        Assert.Single(terminal.Error.TrimEnd().Split('\n'));
        Assert.Equal("", terminal.Output);
    }

    [Theory]
    [InlineData("--days", "1", 1, null)]
    [InlineData("--days", "36500", 36_500, null)]
    [InlineData("--bytes", "1048576", null, 1L << 20)]
    [InlineData("--bytes", "1.5gib", null, 3L << 29)]
    [InlineData("--bytes", "2MB", null, 2L << 20)]
    public async Task What_is_to_be_kept_reaches_the_node(string option, string value, int? days, long? bytes)
    {
        await using var node = await FakeNode.StartAsync();
        Assert.Equal(ExitCodes.Success, await new Terminal().RunAtAsync(node, "retention", "set", "bob", option, value));
        var asked = node.Conversations.Retentions.Single();
        Assert.Equal((days, bytes), (asked.HasKeepDays ? (int)asked.KeepDays : (int?)null, asked.HasKeepBytes ? (long)asked.KeepBytes : (long?)null));
    }

    [Fact]
    public async Task A_fault_that_nobody_foresaw_is_one_line_and_its_place_is_shown_to_those_who_ask()
    {
        var broken = new MemoryStream();
        await broken.DisposeAsync();
        var terminal = new Terminal { Input = broken };
        Assert.Equal(ExitCodes.Failure, await terminal.RunAsync("send", "bob", "-", "--data", "nowhere"));
        Assert.Matches("^p2pgrpc: This should not have happened: .*P2PGRPC_STACK_TRACE=1.*\n$", terminal.Error);
        var curious = new Terminal { Input = broken, Environment = { ["P2PGRPC_STACK_TRACE"] = "1" } };
        Assert.Equal(ExitCodes.Failure, await curious.RunAsync("send", "bob", "-", "--data", "nowhere"));
        Assert.Contains("   at P2PGrpc.Cli.", curious.Error);
    }

    [Fact]
    public async Task The_rules_for_names_sizes_and_times_stand_in_the_helps()
    {
        foreach (var (command, words) in new[]
        {
            ("room create", "1 to 32 of a-z, 0-9, _ and -"), ("room join", "1 to 32 of a-z"), ("join", "1 to 32 of a-z"), ("invite", "1 to 32 of a-z"),
            ("tail", "1 to 64 of a-z"), ("history", "how long ago, as 2h"), ("history", "--until goes alone"), ("run", "powers of 1024"),
            ("retention set", "1 to 36500"),
        })
        {
            // The help breaks its lines where it likes.
            var terminal = new Terminal();
            Assert.Equal(ExitCodes.Success, await terminal.RunAsync([.. command.Split(' '), "--help"]));
            Assert.Contains(words, string.Join(' ', terminal.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        }
    }
}
