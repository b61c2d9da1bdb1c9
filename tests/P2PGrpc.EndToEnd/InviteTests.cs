using System.Text.Json;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>Invites among real processes, by the program's own commands.</summary>
public sealed class InviteTests
{
    /// <summary>A2, S2: a ticket that was taken up while its inviter was away, over a kill of the joiner, still opens the door, once.</summary>
    [Fact]
    public async Task A2_A_ticket_lets_one_peer_in_whoever_is_killed_meanwhile()
    {
        await using var neighbourhood = new Neighbourhood();
        var (alice, bob, carol) = (neighbourhood.Add("alice"), neighbourhood.Add("bob"), neighbourhood.Add("carol"));
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync(), carol.StartAsync());
        var ticket = (await RunAsync(alice, "invite", "--alias", "bob", "--expires", "1h")).Output.Split('\n')[1];
        Assert.StartsWith("peer-", ticket, StringComparison.Ordinal);
        await alice.KillAsync();
        Assert.StartsWith("alice ", (await RunAsync(bob, "join", ticket.ToUpperInvariant())).Output, StringComparison.Ordinal);
        await bob.KillAsync();
        await bob.StartAsync();
        await alice.StartAsync();
        await Eventually.HoldsAsync("bob has come in", async () =>
            (await RunAsync(alice, "peers", "list", "--json")).Output.Contains("\"alias\":\"bob\"", StringComparison.Ordinal));
        await RunAsync(alice, "send", "bob", "welcome", "--wait");
        await RunAsync(bob, "send", "alice", "thank you", "--wait");

        await alice.KillAsync();
        await alice.StartAsync();
        await RunAsync(carol, "join", ticket, "--name", "inviter");
        await Eventually.HoldsAsync("carol knocks", async () =>
            (await RunAsync(alice, "peers", "list", "--json")).Output.Contains("\"admission\":\"knocking\"", StringComparison.Ordinal));
        await RunAsync(alice, "send", "bob", "still there?", "--wait");
    }

    [Fact]
    public async Task What_the_commands_print_is_what_programs_and_people_need()
    {
        await using var neighbourhood = new Neighbourhood();
        var (alice, bob) = (neighbourhood.Add("alice"), neighbourhood.Add("bob"));
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        using var made = JsonDocument.Parse((await RunAsync(alice, "invite", "--alias", "bob", "--json")).Output);
        var ticket = made.RootElement.GetProperty("ticket").GetString()!;
        Assert.Equal(("invite", "bob"), (made.RootElement.GetProperty("type").GetString(), made.RootElement.GetProperty("alias").GetString()));
        Assert.InRange(made.RootElement.GetProperty("expiresAfterSeconds").GetInt64(), 7 * 86_400 - 60, 7 * 86_400);
        Assert.Contains("▄", (await RunAsync(alice, "invite", "--qr")).Output, StringComparison.Ordinal);
        var listed = (await RunAsync(alice, "invite", "list")).Output;
        Assert.Matches("bob\t(7d 0h|6d 23h)\t", listed);
        Assert.DoesNotContain(ticket[..12], listed, StringComparison.Ordinal);
        Assert.DoesNotContain("ticket", (await RunAsync(alice, "invite", "list", "--json")).Output, StringComparison.Ordinal);

        var own = await CallAsync(alice, "join", ticket);
        Assert.Equal(4, own.ExitCode);
        Assert.Contains("of this node itself", own.Error, StringComparison.Ordinal);
        Assert.Equal(4, (await CallAsync(bob, "join", ticket[..^3])).ExitCode);
        Assert.Equal(2, (await CallAsync(bob, "join", "hello")).ExitCode);
        Assert.Equal(2, (await CallAsync(alice, "invite", "--expires", "soon")).ExitCode);
        Assert.Equal(4, (await CallAsync(alice, "invite", "--expires", "400d")).ExitCode);

        Assert.StartsWith("the invite for bob is revoked", (await RunAsync(alice, "invite", "revoke", "bob")).Output, StringComparison.Ordinal);
        Assert.Equal(4, (await CallAsync(alice, "invite", "revoke", "bob")).ExitCode);

        // For both kinds of tickets there is one command.
        var room = (await RunAsync(alice, "room", "create", "friends")).Output.Split('\n')[1];
        Assert.StartsWith("joined #work;", (await RunAsync(bob, "join", room, "--name", "work")).Output, StringComparison.Ordinal);
    }

    private static Task<CommandResult> CallAsync(NodeProcess node, params string[] arguments) => Command.P2PGrpcAsync([.. arguments, "--data", node.DataDirectory]);

    private static async Task<CommandResult> RunAsync(NodeProcess node, params string[] arguments)
    {
        var result = await CallAsync(node, arguments);
        Assert.True(result.ExitCode == 0, $"{node.Name}: {string.Join(' ', arguments)}: {result.Error}");
        return result;
    }
}
