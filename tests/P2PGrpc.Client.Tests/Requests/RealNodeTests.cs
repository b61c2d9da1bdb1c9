using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Node.Hosting;
using Xunit;

namespace P2PGrpc.Client.Tests.Requests;

/// <summary>What rests on a node's own behaviour: links, restarts, rooms, the history.</summary>
public sealed class RealNodeTests : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("p2pgrpc-");

    public void Dispose() => data.Delete(recursive: true);

    [Fact(DisplayName = "A request crosses two nodes, and its reply survives a restart of the requester's node")]
    public async Task A_request_crosses_two_nodes_and_its_reply_survives_a_restart()
    {
        var alice = await StartNodeAsync("alice");
        var id = alice.Services.GetRequiredService<INode>().Id;
        using var bob = await StartNodeAsync("bob", $"alice={id}");
        await alice.Services.GetRequiredService<INode>().AddPeerAsync($"bob={bob.Services.GetRequiredService<INode>().Address}", CancellationToken.None);
        var begun = new TaskCompletionSource();
        var open = new TaskCompletionSource();
        using var service = await StartServiceAsync("bob", client => client.OnRequest<string, string>(async (text, cancellationToken) =>
        {
            begun.TrySetResult();
            await open.Task.WaitAsync(cancellationToken);
            return $"you said {text}";
        }));
        await using var requester = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = Find("alice") });

        var asking = requester.RequestAsync<string, string>("bob", "hello");
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await alice.StopAsync();
        alice.Dispose();
        open.SetResult();
        alice = await StartNodeAsync("alice");

        Assert.Equal("you said hello", await asking);
        await service.StopAsync();
        await alice.StopAsync();
        alice.Dispose();
        await bob.StopAsync();
    }

    [Fact]
    public async Task Dead_letters_stand_in_a_room_of_the_node_and_are_replayed_when_its_owner_says_so()
    {
        using var node = await StartNodeAsync("carol");
        var fails = true;
        using var service = await StartServiceAsync(
            "carol",
            client => client.OnMessage<string>((_, _) => fails ? throw new IOException("no paper") : Task.CompletedTask)
                .ConfigureHandlers(options => (options.IncludeOwn, options.MaxAttempts) = (true, 1)));
        var letters = service.Services.GetRequiredService<DeadLetters>();
        Assert.Empty(await letters.ListAsync().ToListAsync());
        await service.Services.GetRequiredService<P2PGrpcClient>().SendAsync("self", "print this");
        var found = new List<DeadLetter>();
        await WaitAsync(async () => (found = await letters.ListAsync().ToListAsync()).Count > 0);
        var letter = Assert.Single(found);
        Assert.Equal(("print this", "self", "IOException: no paper"), (letter.Copy.Text, letter.From, letter.Error));
        Assert.Equal("#dead-letters", letter.Copy.Room);
        fails = false;
        // The owner's command, the room and the service.
        var owner = new Terminal();
        Assert.Equal(0, await owner.RunAsync("dead-letters", "replay", letter.Reference, "--data", Find("carol")));
        Assert.Equal("String of tests has handled it\n", owner.Output);
        await WaitAsync(async () => await letters.ListAsync().CountAsync() == 0);
        await service.StopAsync();
        await node.StopAsync();
    }

    /// <summary>The owner may leave the room, by accident or to be rid of it.</summary>
    [Fact]
    public async Task After_the_room_for_dead_letters_was_left_another_one_is_made_and_replayed_from()
    {
        using var node = await StartNodeAsync("dora");
        var (fails, handled) = (true, new ConcurrentQueue<string>());
        using var service = await StartServiceAsync("dora", client => client
            .OnMessage<string>((text, _) =>
            {
                handled.Enqueue(text);
                return fails ? throw new IOException("no paper") : Task.CompletedTask;
            })
            .ConfigureHandlers(options => (options.IncludeOwn, options.MaxAttempts) = (true, 1)));
        var client = service.Services.GetRequiredService<P2PGrpcClient>();
        var letters = service.Services.GetRequiredService<DeadLetters>();
        await client.SendAsync("self", "one");
        await WaitAsync(async () => await letters.ListAsync().CountAsync() == 1);
        await node.Services.GetRequiredService<INode>().LeaveRoomAsync("#dead-letters", CancellationToken.None);
        await client.SendAsync("self", "two");
        DeadLetter? second = null;
        await WaitAsync(async () => (second = await letters.ListAsync().FirstOrDefaultAsync(letter => letter.Copy.Text == "two")) is not null);
        fails = false;
        await new DeadLetterRoom(client, DeadLetterRoom.DefaultName).AskForReplayAsync(second!, CancellationToken.None);
        await WaitAsync(async () => await letters.ListAsync().CountAsync() == 0);
        Assert.Equal(["one", "two", "two"], handled);
        await service.StopAsync();
        await node.StopAsync();
    }

    private string Find(string name) => Path.Combine(data.FullName, name);

    private async Task<IHost> StartNodeAsync(string name, params string[] peers)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.Services.AddP2PGrpcNode(options =>
        {
            options.Name = name;
            options.DataDirectory = Find(name);
            options.Listen = "127.0.0.1:0";
            options.Api = "off";
            foreach (var peer in peers)
                options.Peers.Add(peer);
        });
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private async Task<IHost> StartServiceAsync(string node, Action<P2PGrpcClientBuilder> add)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        var client = builder.Services.AddP2PGrpcClient(options => options.DataDirectory = Find(node));
        client.ConfigureHandlers(options => options.Consumer = "tests");
        add(client);
        var host = builder.Build();
        await host.StartAsync();
        // From its first response on the node knows the consumer, and hands out what comes from then on.
        var started = host.Services.GetRequiredKeyedService<HandlerStanding>("");
        await Terminal.WaitAsync(() => started.HasRead);
        return host;
    }

    private static async Task WaitAsync(Func<Task<bool>> conditionAsync)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await conditionAsync())
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
    }
}
