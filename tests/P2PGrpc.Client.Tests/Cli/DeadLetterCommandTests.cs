using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Client.Tests.Handlers;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>What an operator does about dead letters, with the service that could not handle them beside it.</summary>
public sealed class DeadLetterCommandTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> handled = [];
    private volatile bool isBroken = true;
    private FakeNode node = null!;

    public async ValueTask InitializeAsync()
    {
        node = await FakeNode.StartAsync();
        // Otherwise it comes with the first dead letter, and the service takes a second to find it.
        node.Peers.Rooms["#dead-letters"] = true;
    }

    public ValueTask DisposeAsync() => node.DisposeAsync();

    [Fact]
    public async Task They_are_listed_replayed_by_their_service_and_discarded()
    {
        await using var service = await StartWithLettersAsync("one", "two", "three");
        var letters = await ListAsync();
        Assert.Equal(["three", "two", "one"], letters.Select(letter => letter.GetProperty("text").GetString()));
        var two = letters[1];
        Assert.Equal(
            ("deadLetter", "log/2", "bob", "String", HandlerHost.Consumer, 1, "IOException: no paper", true),
            (Text(two, "type"), Text(two, "messageReference"), Text(two, "from"), Text(two, "handler"), Text(two, "consumer"), two.GetProperty("attempts").GetInt32(),
                Text(two, "error"), two.GetProperty("complete").GetBoolean()));
        isBroken = false;
        var replay = new Terminal();
        Assert.Equal(ExitCodes.Success, await replay.RunAtAsync(node, "dead-letters", "replay", Text(two, "reference")));
        Assert.Equal("String of tests has handled it\n", replay.Output);
        Assert.Equal(["two"], handled);
        var discard = new Terminal();
        Assert.Equal(ExitCodes.Success, await discard.RunAtAsync(node, "dead-letters", "discard", Text(letters[0], "reference")));
        Assert.Equal($"{Text(letters[0], "reference")} is discarded\n", discard.Output);
        Assert.Equal("one", Text(Assert.Single(await ListAsync()), "text"));

        var again = new Terminal();
        Assert.Equal(ExitCodes.Refused, await again.RunAtAsync(node, "dead-letters", "replay", Text(two, "reference")));
        Assert.StartsWith($"p2pgrpc: No dead letter {Text(two, "reference")} is open in #dead-letters of this node.", again.Error);
        Assert.Equal(["two"], handled);
    }

    [Fact]
    public async Task One_that_fails_again_stays_and_its_error_is_told()
    {
        await using var service = await StartWithLettersAsync("one");
        var letter = Assert.Single(await ListAsync());
        var replay = new Terminal();
        Assert.Equal(ExitCodes.Failure, await replay.RunAtAsync(node, "dead-letters", "replay", Text(letter, "reference"), "--json"));
        Assert.Equal("p2pgrpc: String of tests failed again: IOException: no paper\n", replay.Error);
        Assert.Equal("failed", Text(JsonDocument.Parse(replay.Output).RootElement, "outcome"));
        Assert.Single(await ListAsync());
    }

    [Fact]
    public async Task One_whose_service_is_away_is_replayed_when_it_runs_again()
    {
        await (await StartWithLettersAsync("one")).DisposeAsync();
        var letter = Assert.Single(await ListAsync());
        var replay = new Terminal();
        Assert.Equal(ExitCodes.NotDelivered, await replay.RunAtAsync(node, "dead-letters", "replay", Text(letter, "reference"), "--wait", "50ms"));
        Assert.StartsWith("p2pgrpc: tests has been asked, and has not answered within", replay.Error);
        isBroken = false;
        await using var service = await StartAsync();
        await Terminal.WaitAsync(() => handled.Contains("one"));
        await Terminal.WaitAsync(() => node.Feed.InRoom("#dead-letters").Any(batch => batch.Messages[0].Content.Headers.ContainsKey(MessageHeaders.DeadLetterResolved)));
        Assert.Empty(await ListAsync());
    }

    /// <summary>Whoever else is in the room looks on, and asks for nothing.</summary>
    [Fact]
    public async Task What_others_write_into_the_room_is_no_order()
    {
        await using var service = await StartWithLettersAsync("one", "two");
        var letters = await ListAsync();
        isBroken = false;
        var order = new P2PGrpc.Protocol.Content { Text = "replay", Headers = { [MessageHeaders.DeadLetterReplay] = Text(letters[0], "reference") } };
        node.Feed.Receive(order, "mallory", room: "#dead-letters");
        Assert.Equal(ExitCodes.Success, await new Terminal().RunAtAsync(node, "dead-letters", "replay", Text(letters[1], "reference")));
        // To the handlers it is a message like any other.
        await Terminal.WaitAsync(() => handled.Contains("replay"));
        Assert.Equal(["one", "replay"], handled.Order());
    }

    private Task<HandlerHost> StartAsync() => HandlerHost.StartAsync(
        node,
        client => client.OnMessage<string>((text, _) =>
        {
            if (isBroken)
                throw new IOException("no paper");
            handled.Enqueue(text);
            return Task.CompletedTask;
        }),
        options => (options.MaxAttempts, options.IncludeOwn) = (1, true));

    private async Task<HandlerHost> StartWithLettersAsync(params string[] texts)
    {
        foreach (var text in texts)
            node.Feed.Receive(text);
        var service = await StartAsync();
        await Terminal.WaitAsync(() => node.Feed.InRoom("#dead-letters").Count == texts.Length);
        return service;
    }

    private async Task<List<JsonElement>> ListAsync()
    {
        var list = new Terminal();
        Assert.Equal(ExitCodes.Success, await list.RunAtAsync(node, "dead-letters", "list", "--json"));
        return [.. list.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static string Text(JsonElement letter, string name) => letter.GetProperty(name).GetString()!;
}
