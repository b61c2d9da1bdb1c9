using System.Text.Json;
using Grpc.Core;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

public sealed class TypedMessageTests
{
    [Fact]
    public async Task Json_options_without_a_resolver_say_how_to_write_and_leave_the_rest_as_usual()
    {
        await using var node = await FakeNode.StartAsync();
        var json = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
        await using var client = CreateClient(node, json);
        await client.SendAsync("bob", new Order(7, "chair"));
        Assert.Equal("""{"order_number":7,"article":"chair"}""", Assert.Single(node.Peers.Sends).Data.ToStringUtf8());
        Assert.Equal(new Order(7, "chair"), client.Serializer.Read<Order>(await ReadAsync(client)));
        // They stay the caller's own.
        Assert.Null(json.TypeInfoResolver);
    }

    [Fact]
    public async Task A_typed_message_takes_headers_and_a_message_id_and_keeps_its_type()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var order = client.CreateMessage(new Order(7, "chair"));
        await client.SendAsync("bob", order.WithHeader("tenant", "acme").WithHeader("tenant", "ajax") with { MessageId = "order-7" });
        await client.SendAsync("bob", order with { Headers = new Dictionary<string, string> { ["tenant"] = "acme" } });
        await client.SendAsync("bob", order with { Headers = new Dictionary<string, string> { [MessageHeaders.MessageType] = "OrderOfOld" } });
        Assert.Equal(["order-7", "Order ajax", "Order acme", "OrderOfOld "], node.Peers.Sends.Select(Describe).Prepend(node.Peers.Sends.First().MessageId));
        Assert.Equal("Order", Assert.Single(order.Headers).Value);

        static string Describe(SendRequest send) => $"{send.Headers[MessageHeaders.MessageType]} {send.Headers.GetValueOrDefault("tenant")}";
    }

    [Fact]
    public async Task What_is_no_typed_message_is_refused_and_not_sent_as_json()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Feed.Receive("hello");
        var received = await ReadAsync(client);
        byte[] bytes = [1, 2, 3];
        Assert.Contains("FromData", (await Assert.ThrowsAsync<ArgumentException>(() => client.SendAsync("bob", bytes))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => client.SendAsync("bob", (ReadOnlyMemory<byte>)bytes));
        await Assert.ThrowsAsync<ArgumentException>(() => client.SendAsync("bob", bytes.AsMemory()));
        await Assert.ThrowsAsync<ArgumentException>(() => client.SendAsync<object>("bob", bytes));
        await Assert.ThrowsAsync<ArgumentException>(() => client.SendAsync("bob", new MemoryStream(bytes)));
        Assert.Contains("FromText", (await Assert.ThrowsAsync<ArgumentException>(() => client.SendAsync("bob", received))).Message, StringComparison.Ordinal);
        Assert.Contains("ReceivedMessage", (await Assert.ThrowsAsync<ArgumentException>(() => client.RequestAsync<string, byte[]>("bob", "?"))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => MessageSerializer.Matches<byte[]>());
        Assert.Empty(node.Peers.Sends);
    }

    [Fact]
    public void What_is_said_stays_out_of_what_is_printed()
    {
        var text = OutgoingMessage.FromText("a secret") with { MessageId = "m1" };
        Assert.Equal("text of 8 characters, 0 headers, message_id m1", text.ToString());
        Assert.Equal("3 bytes of image/png, 1 headers, message_id not given", OutgoingMessage.FromData(new byte[3], "image/png").WithHeader("a", "secret").ToString());
        Assert.DoesNotContain("secret", new SendResult { Message = text }.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_character_is_refused_since_it_would_arrive_as_another_one()
    {
        Assert.Contains("stands at 1", Assert.Throws<ArgumentException>(() => OutgoingMessage.FromText("a\ud800b")).Message);
        Assert.Throws<ArgumentException>(() => OutgoingMessage.FromText("a").WithHeader("name", "\udc00"));
        Assert.Throws<ArgumentException>(() => OutgoingMessage.FromText("a") with { MessageId = "\udc00\ud800" });
        Assert.Equal("\ud83d\ude00", OutgoingMessage.FromText("\ud83d\ude00").Text);
        // The words of any error can be sent.
        Assert.Equal("a\ufffdb", BoundedText.Cut("a\ud800b", 100));
    }

    [Fact]
    public async Task A_task_is_no_message()
    {
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { Address = "127.0.0.1:1" });
        Assert.Contains("await it", Assert.Throws<ArgumentException>(() => client.CreateMessage(Task.FromResult("x"))).Message, StringComparison.Ordinal);
        Assert.Contains("await it", Assert.Throws<ArgumentException>(() => client.CreateMessage(new ValueTask<string>("x"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_tests_a_handler_can_make_what_it_gets_and_what_is_thrown_at_it()
    {
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { Address = "127.0.0.1:1" });
        var batch = new MessageBatch { Author = "bob-id", Alias = "bob", Log = "log", Messages = { new Entry { Content = new Content { Text = "hello" } } } };
        var context = new MessageContext(client, ReceivedMessage.Read(batch).Single(), EmptyServices.Instance);
        Assert.Equal(("bob", "hello", 1), (context.Message.Alias, context.Message.Text, context.Attempt));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageContext(client, context.Message, EmptyServices.Instance, attempt: 0));

        var full = new P2PGrpcException(StatusCode.ResourceExhausted, "STORE_FULL", "The disk is full.") { RetryDelay = TimeSpan.FromSeconds(5) };
        Assert.Equal(("STORE_FULL", false, false), (full.Reason, full.IsTransient, full.MayHaveHappened));
        var late = new P2PGrpcException(StatusCode.DeadlineExceeded, P2PGrpcException.TimedOut, "It took too long.") { MayHaveHappened = true };
        Assert.Equal((true, true), (late.IsTransient, late.MayHaveHappened));
        var rejected = new RemoteRequestException("OUT_OF_STOCK", "There is none left.", context.Message);
        Assert.Equal(("OUT_OF_STOCK", "There is none left.", "hello"), (rejected.Reason, rejected.Message, rejected.Reply.Text));
    }

    private static P2PGrpcClient CreateClient(FakeNode node, JsonSerializerOptions json)
    {
        var options = new P2PGrpcClientOptions { DataDirectory = node.Directory };
        options.UseJson(json);
        return new P2PGrpcClient(options);
    }

    private static async Task<ReceivedMessage> ReadAsync(P2PGrpcClient client) =>
        await client.SubscribeAsync(new SubscribeSettings { StartAt = StartAt.Start, Follow = false, IncludeOwn = true }).FirstAsync();

    private sealed record Order(int OrderNumber, string Article);

    private sealed class EmptyServices : IServiceProvider
    {
        public static EmptyServices Instance { get; } = new();

        public object? GetService(Type serviceType) => null;
    }
}
