using System.Net;
using System.Net.Http.Json;
using P2PGrpc.Client;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Testing.Tests;

/// <summary>The samples, as processes beside nodes of a mesh.</summary>
public sealed class SampleTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_sample_service_survives_its_nodes_restart()
    {
        await using var mesh = await TestMesh.StartAsync(2, cancellationToken: Token);
        await using var sample = SampleProcess.Start(
            "OrderService", $"--Node:DataDirectory={mesh["alice"].DataDirectory}", "--To=bob", "--urls=http://127.0.0.1:0");
        const string announced = "Now listening on: ";
        await mesh.WaitUntilAsync(() => sample.Find(announced) is not null, cancellationToken: Token);
        using var http = new HttpClient { BaseAddress = new Uri(sample.Find(announced)!.Split(announced)[1]) };
        await mesh.WaitUntilAsync(async () => (await http.GetAsync("/healthz", Token)).StatusCode == HttpStatusCode.OK, cancellationToken: Token);
        await OrderAsync(http, "tea");

        await mesh.CrashAsync("alice");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/healthz", Token)).StatusCode);
        var ordering = OrderAsync(http, "coffee");
        await mesh.RestartAsync("alice", Token);
        await mesh.WaitForAsync(ordering);
        var ordered = await mesh["bob"].ReceiveAsync(2, Token);
        Assert.Equal(["tea", "coffee"], ordered.Select(message => System.Text.Json.JsonDocument.Parse(message.Data).RootElement.GetProperty("item").GetString()));

        // What comes is handled again, too.
        await using var bob = mesh["bob"].CreateClient();
        await bob.SendAsync("alice", new Order("milk", 3), cancellationToken: Token);
        await mesh.WaitUntilAsync(
            async () => (await http.GetStringAsync("/orders", Token)).Contains("milk", StringComparison.Ordinal), cancellationToken: Token);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz", Token)).StatusCode);
    }

    [Fact]
    public async Task The_sample_of_requests_gets_answers_and_refusals()
    {
        await using var mesh = await TestMesh.StartAsync(2, cancellationToken: Token);
        await using var answers = SampleProcess.Start("PriceRequests", $"--Node:DataDirectory={mesh["bob"].DataDirectory}", "--Handlers:StartAt=Start");
        await using var asks = SampleProcess.Start("PriceRequests", $"--Node:DataDirectory={mesh["alice"].DataDirectory}", "--Ask=bob", "--Item=coffee");
        await using var asksInVain = SampleProcess.Start(
            "PriceRequests", $"--Node:DataDirectory={mesh["alice"].DataDirectory}", "--Ask=bob", "--Item=gold", "--Handlers:Consumer=another");
        await mesh.WaitUntilAsync(() => asks.Find("it costs 320 cents") is not null, cancellationToken: Token);
        await mesh.WaitUntilAsync(() => asksInVain.Find("no answer: ITEM_UNKNOWN: There is no gold here.") is not null, cancellationToken: Token);
    }

    [Fact]
    public async Task The_bridge_posts_each_message_of_a_room_until_it_is_taken()
    {
        await using var mesh = await TestMesh.StartAsync(2, cancellationToken: Token);
        var room = await mesh["alice"].Node.CreateRoomAsync("ops", Token);
        await mesh["bob"].Node.JoinRoomAsync(room.Ticket, "ops", Token);
        await using var hook = await Webhook.StartAsync("a shared secret");
        string[] arguments =
        [
            $"--Node:DataDirectory={mesh["alice"].DataDirectory}", $"--Webhook:Url={hook.Url}", "--Webhook:Secret=a shared secret", "--Webhook:Room=#ops",
            "--Handlers:StartAt=Start", "--Handlers:FirstRetryDelay=00:00:00.010",
        ];
        hook.Refusals = 2;
        await using (var bridge = SampleProcess.Start("RoomWebhook", arguments))
        {
            await SendAsync(mesh, "#ops", "the disk is full");
            await SendAsync(mesh, "alice", "not for the room");
            await SendAsync(mesh, "#ops", "it is not");
            await mesh.WaitUntilAsync(() => bridge.Count("posted ") == 2, cancellationToken: Token);
            await bridge.StopAsync();
        }

        // What was taken does not come again after a restart.
        await SendAsync(mesh, "#ops", "all is well");
        await using (SampleProcess.Start("RoomWebhook", arguments))
            await mesh.WaitUntilAsync(() => hook.Posts.Count == 5, cancellationToken: Token);
        Assert.Equal(
            ["503 the disk is full", "503 the disk is full", "200 the disk is full", "200 it is not", "200 all is well"], hook.Posts);
    }

    /// <summary>What the sample calls so, too: JSON messages say the name of their type.</summary>
    private sealed record Order(string Item, int Count);

    private static async Task OrderAsync(HttpClient http, string item)
    {
        var response = await http.PostAsJsonAsync("/orders", new { item, count = 1 }, Token);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    private static Task<SendResponse> SendAsync(TestMesh mesh, string to, string text) =>
        mesh.WaitForAsync(mesh["bob"].Node.SendAsync(new SendRequest { To = to, Text = text }, Token));
}
