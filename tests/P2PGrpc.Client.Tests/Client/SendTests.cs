using Google.Rpc;
using Grpc.Core;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

public sealed class SendTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_data_directory_is_enough_by_socket_and_by_address(bool socket)
    {
        await using var node = await FakeNode.StartAsync(socket);
        await using var client = node.CreateClient();
        var receipt = await client.SendAsync("bob", "hello");
        Assert.Equal(new SendReceipt { Reference = "log/1", State = DeliveryState.Accepted }, receipt);
        Assert.Equal(["hello"], node.Feed.Texts);
    }

    [Fact]
    public async Task An_address_needs_the_token_and_a_wrong_one_is_refused_by_name()
    {
        await using var node = await FakeNode.StartAsync();
        await using var right = new P2PGrpcClient(new P2PGrpcClientOptions { Address = node.Address, TokenFile = node.TokenFile });
        await right.SendAsync("bob", "hello");
        await using var wrong = new P2PGrpcClient(new P2PGrpcClientOptions { Address = node.Address, Token = "wrong" });
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => wrong.SendAsync("bob", "hello"));
        Assert.Equal((StatusCode.Unauthenticated, "TOKEN_MISSING"), (fault.StatusCode, fault.Reason));
    }

    [Fact]
    public async Task A_token_file_is_read_again_after_it_changed()
    {
        await using var node = await FakeNode.StartAsync();
        var file = Path.Combine(node.Directory, "copy");
        await File.WriteAllTextAsync(file, "old");
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { Address = node.Address, TokenFile = file });
        await Assert.ThrowsAsync<P2PGrpcException>(() => client.SendAsync("bob", "hello"));
        await File.WriteAllTextAsync(file, node.Token);
        await client.SendAsync("bob", "hello");
    }

    [Fact]
    public async Task A_missing_token_file_is_named()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { Address = node.Address, TokenFile = "/nowhere/token" });
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => client.SendAsync("bob", "hello"));
        Assert.Equal(StatusCode.Unauthenticated, fault.StatusCode);
        Assert.Contains("/nowhere/token", fault.Message);
    }

    [Fact(DisplayName = "D3: retries on UNAVAILABLE use one message_id, so they make one message")]
    public async Task Retries_on_unavailable_use_one_message_id()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.BeUnavailable(3);
        await client.SendAsync("bob", "hello");
        Assert.Equal(4, node.Peers.Sends.Count);
        Assert.Single(node.Peers.Sends.Select(send => send.MessageId).Distinct());
        Assert.Equal(32, node.Peers.Sends.First().MessageId.Length);
    }

    [Fact]
    public async Task An_ephemeral_message_has_no_message_id_and_is_sent_once()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.BeUnavailable(1);
        await Assert.ThrowsAsync<P2PGrpcException>(() => client.SendAsync("bob", "now", new SendSettings { Ephemeral = true }));
        Assert.Single(node.Peers.Sends);
        var receipt = await client.SendAsync("bob", "now", new SendSettings { Ephemeral = true });
        Assert.Equal(new SendReceipt { Reference = "", State = DeliveryState.Sent }, receipt);
        Assert.All(node.Peers.Sends, send => Assert.Equal("", send.MessageId));
    }

    [Fact]
    public async Task Everything_of_a_message_arrives_as_given()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        var message = OutgoingMessage.FromData(new byte[] { 0, 255, 7 }, "image/png") with
        {
            MessageId = "mine",
            Headers = new Dictionary<string, string> { ["traceparent"] = "00-1-2-3" },
        };
        var receipt = await client.SendAsync("bob", message, new SendSettings { WaitForDelivery = true });
        var sent = Assert.Single(node.Peers.Sends);
        Assert.Equal(DeliveryState.Delivered, receipt.State);
        Assert.Equal([0, 255, 7], sent.Data.ToByteArray());
        Assert.Equal(("image/png", "mine", "00-1-2-3"), (sent.ContentType, sent.MessageId, sent.Headers["traceparent"]));
    }

    [Fact]
    public async Task A_refusal_carries_the_reason_and_the_sentence_of_the_node_and_is_not_retried()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.Refuses = FakePeerService.Refusal(Code.NotFound, "PEER_UNKNOWN", "bbo is unknown; near names: bob");
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => client.SendAsync("bbo", "hello"));
        Assert.Equal((StatusCode.NotFound, "PEER_UNKNOWN", "bbo is unknown; near names: bob"), (fault.StatusCode, fault.Reason, fault.Message));
        Assert.Single(node.Peers.Sends);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_ends_in_a_timeout_not_in_a_hang()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.Hold = new TaskCompletionSource().Task;
        var settings = new SendSettings { Timeout = TimeSpan.FromMilliseconds(200) };
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => client.SendAsync("bob", "hello", settings));
        Assert.Equal((StatusCode.DeadlineExceeded, P2PGrpcException.TimedOut, true), (fault.StatusCode, fault.Reason, fault.MayHaveHappened));
    }

    [Fact]
    public async Task Cancelling_is_reported_as_cancelling()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = node.CreateClient();
        node.Peers.Hold = new TaskCompletionSource().Task;
        using var cancellation = new CancellationTokenSource();
        var send = client.SendAsync("bob", "hello", cancellationToken: cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => send);
    }

    [Fact]
    public async Task A_node_that_starts_while_the_client_tries_is_found()
    {
        await using var node = await FakeNode.StartAsync();
        await node.StopAsync();
        await using var client = node.CreateClient();
        var send = client.SendAsync("bob", "hello");
        await node.StartAgainAsync();
        Assert.Equal("log/1", (await send).Reference);
    }

    [Fact]
    public async Task An_absent_node_is_unreachable_and_the_message_says_where_it_was_looked_for()
    {
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = "/nowhere/at/all", RetryFor = TimeSpan.Zero });
        var fault = await Assert.ThrowsAsync<P2PGrpcException>(() => client.SendAsync("bob", "hello"));
        Assert.Equal(P2PGrpcException.NodeUnreachable, fault.Reason);
        Assert.True(fault.IsTransient);
        Assert.Contains("p2pgrpc run --data /nowhere/at/all", fault.Message);
    }

    [Fact]
    public async Task An_ephemeral_message_can_not_be_waited_for()
    {
        await using var client = new P2PGrpcClient();
        await Assert.ThrowsAsync<ArgumentException>(
            () => client.SendAsync("bob", "x", new SendSettings { Ephemeral = true, WaitForDelivery = true }));
    }
}
