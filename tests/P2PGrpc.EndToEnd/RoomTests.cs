using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>Rooms among real processes, by the program's own commands.</summary>
public sealed class RoomTests
{
    private const string Room = "#friends";
    private static readonly string[] Names = ["alice", "bob", "carol", "dave"];

    /// <summary>L1, S2: a chain of members, one of which is killed over and over, and one of which comes late.</summary>
    [Fact]
    public async Task L1_Members_in_a_chain_hold_the_same_whoever_is_killed_and_whoever_comes_late()
    {
        await using var neighbourhood = new Neighbourhood();
        var members = Names.Select(neighbourhood.Add).ToArray();
        await Task.WhenAll(members.Select(member => member.StartAsync()));
        await RunAsync(members[0], "room", "create", "friends");
        for (var index = 1; index < members.Length - 1; index++)
            await JoinAsync(members[index], members[index - 1]);
        var sent = new List<string>();
        for (var round = 0; round < 5; round++)
        {
            foreach (var member in members[..^1])
            {
                sent.Add($"{member.Name} {round}");
                await member.Client.SendAsync(Room, sent[^1]);
            }

            await members[1].KillAsync();
            sent.Add($"while bob is away {round}");
            await members[2].Client.SendAsync(Room, sent[^1]);
            await members[1].StartAsync();
        }

        await JoinAsync(members[^1], members[^2]);
        sent.Add("dave is late");
        await members[^1].Client.SendAsync(Room, sent[^1]);
        foreach (var member in members)
            await Eventually.HoldsAsync($"{member.Name} holds all of the room", async () => (await ReadAsync(member)).Order().SequenceEqual(sent.Order()));
        Assert.Contains("dave is late", (await RunAsync(members[0], "tail", "--conversation", Room, "--no-follow")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_commands_print_is_what_programs_and_people_need()
    {
        await using var neighbourhood = new Neighbourhood();
        var (alice, bob) = await neighbourhood.StartPairAsync();
        var made = (await RunAsync(alice, "room", "create", "friends")).Output.Split('\n');
        Assert.StartsWith("#friends is made.", made[0], StringComparison.Ordinal);
        Assert.StartsWith("room-", made[1], StringComparison.Ordinal);
        Assert.Equal(made[1], (await RunAsync(alice, "room", "ticket", "#friends")).Output.TrimEnd());
        Assert.Contains("▄", (await RunAsync(alice, "room", "ticket", "friends", "--qr")).Output, StringComparison.Ordinal);
        Assert.StartsWith("joined #work;", (await RunAsync(bob, "room", "join", made[1], "--name", "work")).Output, StringComparison.Ordinal);
        await alice.Client.SendAsync(Room, "hello");
        await Eventually.HoldsAsync("bob sees the message", async () =>
            (await RunAsync(bob, "tail", "--conversation", "#work", "--no-follow")).Output.Contains("alice → #work: hello", StringComparison.Ordinal));
        await Eventually.HoldsAsync("both are linked in the room", async () =>
            (await RunAsync(bob, "room", "list", "--json")).Output.Contains("\"name\":\"work\"", StringComparison.Ordinal)
            && (await RunAsync(bob, "room", "list", "--json")).Output.Contains("\"members\":2,\"linked\":1", StringComparison.Ordinal));
        Assert.Contains("alice\tup\t1\t", (await RunAsync(bob, "room", "members", "work")).Output, StringComparison.Ordinal);
        Assert.StartsWith("left #work", (await RunAsync(bob, "room", "leave", "work")).Output, StringComparison.Ordinal);
        var refused = await CallAsync(bob, "send", "#work", "too late");
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("has left #work", refused.Error, StringComparison.Ordinal);
        Assert.Equal(4, (await CallAsync(bob, "room", "join", "room-abc")).ExitCode);
    }

    [Fact]
    public async Task A_member_is_muted_and_unmuted_by_the_program()
    {
        await using var neighbourhood = new Neighbourhood();
        var (alice, bob) = await neighbourhood.StartPairAsync();
        await RunAsync(alice, "room", "create", "friends");
        await JoinAsync(bob, alice);
        await bob.Client.SendAsync(Room, "before");
        await Eventually.HoldsAsync("alice has the first", async () => (await ReadAsync(alice)).Count == 1);
        Assert.StartsWith("muted bob; 'p2pgrpc room unmute friends bob'", (await RunAsync(alice, "room", "mute", "friends", "bob")).Output, StringComparison.Ordinal);
        await bob.Client.SendAsync(Room, "muted");
        await bob.Client.SendAsync("alice", "direct");
        await Eventually.HoldsAsync("the direct message is there", async () => (await alice.Client.ReadAllAsync()).Texts.Contains("direct"));
        Assert.Equal(["before"], await ReadAsync(alice));
        Assert.Contains("bob\tup\t1\tmuted\t", (await RunAsync(alice, "room", "members", "friends")).Output, StringComparison.Ordinal);
        Assert.Contains("\"muted\":true,\"blocked\":false", (await RunAsync(alice, "room", "members", "friends", "--json")).Output, StringComparison.Ordinal);
        Assert.Equal("unmuted bob", (await RunAsync(alice, "room", "unmute", "#friends", "bob")).Output.TrimEnd());
        await Eventually.HoldsAsync("what was muted has come", async () => (await ReadAsync(alice)).SequenceEqual(["before", "muted"]));
    }

    [Fact]
    public async Task A_stream_that_was_opened_before_its_room_was_left_appends_nothing_more()
    {
        await using var neighbourhood = new Neighbourhood();
        var alice = neighbourhood.Add("alice");
        await alice.StartAsync();
        await RunAsync(alice, "room", "create", "friends");
        using var call = alice.Client.Peer.SendStream(deadline: NodeClient.In(Eventually.Generous));
        await call.RequestStream.WriteAsync(new SendStreamRequest { To = Room, Messages = { new Content { Text = "in time" } } });
        Assert.True(await call.ResponseStream.MoveNext());
        await RunAsync(alice, "room", "leave", "friends");
        await call.RequestStream.WriteAsync(new SendStreamRequest { Messages = { new Content { Text = "too late" } } });
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Equal(["in time"], await ReadAsync(alice));
    }

    private static async Task JoinAsync(NodeProcess newcomer, NodeProcess member)
    {
        var ticket = (await RunAsync(member, "room", "ticket", "friends")).Output.Trim();
        await RunAsync(newcomer, "room", "join", ticket);
    }

    private static async Task<List<string>> ReadAsync(NodeProcess member) =>
        [.. (await member.Client.ReadAllAsync(includeOwn: true, conversation: Room)).Texts];

    private static Task<CommandResult> CallAsync(NodeProcess node, params string[] arguments) => Command.P2PGrpcAsync([.. arguments, "--data", node.DataDirectory]);

    private static async Task<CommandResult> RunAsync(NodeProcess node, params string[] arguments)
    {
        var result = await CallAsync(node, arguments);
        Assert.True(result.ExitCode == 0, $"{node.Name}: {string.Join(' ', arguments)}: {result.Error}");
        return result;
    }
}
