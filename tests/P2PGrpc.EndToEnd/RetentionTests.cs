using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>Keeping less, by the program's own commands and options, among real processes.</summary>
public sealed class RetentionTests
{
    private const string Room = "#friends";
    private const int Messages = 40;
    private static readonly string Large = new('x', 100_000);

    /// <summary>D1, S2: both limits, a node that is killed while it erases, and a newcomer; the databases verify by a program that shares no code.</summary>
    [Fact]
    public async Task What_is_beyond_the_limits_goes_is_marked_and_what_is_left_verifies()
    {
        await using var neighbourhood = new Neighbourhood();
        var (alice, bob) = (neighbourhood.Add("alice"), neighbourhood.Add("bob"));
        bob.Options.Add("--keep-bytes");
        bob.Options.Add("2M");
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await RunAsync(alice, "room", "create", "friends");
        await JoinAsync(bob, alice);
        for (var number = 0; number < Messages; number++)
            await alice.Client.SendAsync(Room, $"{number} {Large}");
        await Eventually.HoldsAsync("bob keeps no more than about 2 MiB", async () => await CountAsync(bob) is >= 18 and <= 22);
        await RunAsync(alice, "retention", "set", Room, "--bytes", "1M", "--json");
        await alice.KillAsync();
        await alice.StartAsync();
        await Eventually.HoldsAsync("alice keeps no more than about 1 MiB", async () => await CountAsync(alice) is >= 9 and <= 11);
        var shown = (await RunAsync(alice, "retention", "show", Room)).Output;
        Assert.Contains("kept bytes    1 MiB", shown, StringComparison.Ordinal);
        var tail = (await RunAsync(bob, "tail", "--conversation", Room, "--no-follow")).Output;
        Assert.Matches(@"… \d+ messages? by \S+ in #friends erased here", tail);

        var carol = neighbourhood.Add("carol");
        await carol.StartAsync();
        await JoinAsync(carol, bob);
        await Eventually.HoldsAsync("carol knows of all messages", async () => await CountAllAsync(carol) == Messages);
        Assert.InRange(await CountAsync(carol), 18, 22);
        await Task.WhenAll(alice.StopAsync(), bob.StopAsync(), carol.StopAsync());
        await DatabaseVerifier.SkipIfMissingAsync();
        await DatabaseVerifier.VerifyAsync(alice, bob, carol);
    }

    /// <summary>How many messages are held with their text.</summary>
    private static async Task<int> CountAsync(NodeProcess node) =>
        (await RunAsync(node, "tail", "--conversation", Room, "--no-follow", "--own", "--json")).Output.Split('\n').Count(line => line.Contains("\"message\"", StringComparison.Ordinal));

    /// <summary>The same, with those that are marked as erased.</summary>
    private static async Task<long> CountAllAsync(NodeProcess node)
    {
        var output = (await RunAsync(node, "tail", "--conversation", Room, "--no-follow", "--own", "--json")).Output;
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(line =>
        {
            using var json = System.Text.Json.JsonDocument.Parse(line);
            return json.RootElement.GetProperty("type").GetString() == "erased" ? json.RootElement.GetProperty("count").GetInt64() : 1;
        });
    }

    private static async Task JoinAsync(NodeProcess node, NodeProcess member)
    {
        var ticket = (await RunAsync(member, "room", "ticket", "friends")).Output.Trim();
        await RunAsync(node, "room", "join", ticket);
    }

    private static async Task<CommandResult> RunAsync(NodeProcess node, params string[] arguments)
    {
        var result = await Command.P2PGrpcAsync([.. arguments, "--data", node.DataDirectory]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }
}
