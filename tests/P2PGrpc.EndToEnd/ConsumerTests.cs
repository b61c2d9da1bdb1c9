using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>Idempotent sends (D3), and consumers that resume where they acknowledged (S5).</summary>
public sealed class ConsumerTests
{
    [Fact]
    public async Task The_same_message_id_gives_the_same_answer_and_one_message_also_after_a_crash()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();

        var first = await alice.Client.SendAsync("bob", "once", messageId: "id-1");
        var second = await alice.Client.SendAsync("bob", "once", messageId: "id-1");
        await alice.KillAsync();
        await alice.StartAsync();
        var third = await alice.Client.SendAsync("bob", "once", messageId: "id-1", waitFor: DeliveryState.Delivered);
        var other = await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("bob", "twice", messageId: "id-1"));
        await alice.Client.SendAsync("bob", "the end");

        Assert.Equal(first.Reference, second.Reference);
        Assert.Equal(first.Reference, third.Reference);
        Assert.Equal(StatusCode.AlreadyExists, other.StatusCode);
        Assert.Contains("message_id", other.Status.Detail, StringComparison.Ordinal);
        var read = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, 2);
        Assert.Equal(["once", "the end"], read.Texts);
    }

    [Fact]
    public async Task A_consumer_that_died_before_acknowledging_gets_the_messages_again_and_one_that_acknowledged_does_not()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        for (var i = 0; i < 5; i++) await alice.Client.SendAsync("bob", $"{i}");
        var request = new SubscribeRequest { Consumer = "worker", StartAt = StartAt.Start };

        var first = await bob.Client.ReadAsync(request, 5);
        var again = await bob.Client.ReadAsync(request, 5);
        Assert.Equal(first.Texts, again.Texts);

        await bob.Client.Peer.AcknowledgeAsync(new AcknowledgeRequest { Consumer = "worker", Cursor = again.Cursor });
        await bob.KillAsync();
        await bob.StartAsync();
        await alice.Client.SendAsync("bob", "5");
        var resumed = await bob.Client.ReadAsync(new SubscribeRequest { Consumer = "worker" }, 1);
        Assert.Equal("5", Assert.Single(resumed.Texts));
    }

    [Fact]
    public async Task A_subscription_resumes_after_a_cursor_without_loss_or_doubles()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        for (var i = 0; i < 3; i++) await alice.Client.SendAsync("bob", $"{i}");
        var before = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, 3);
        for (var i = 3; i < 6; i++) await alice.Client.SendAsync("bob", $"{i}");

        var after = await bob.Client.ReadAsync(new SubscribeRequest { After = before.Cursor }, 3);

        Assert.Equal(["0", "1", "2", "3", "4", "5"], before.Texts.Concat(after.Texts));
        var foreign = before.Cursor!.Clone();
        foreign.Check ^= 1;
        var refused = await Assert.ThrowsAsync<RpcException>(() => bob.Client.ReadAsync(new SubscribeRequest { After = foreign }, 1));
        Assert.Equal(StatusCode.OutOfRange, refused.StatusCode);
    }

    [Fact]
    public async Task A_second_subscriber_of_the_same_name_takes_over()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var request = new SubscribeRequest { Consumer = "worker", StartAt = StartAt.Start };
        using var first = bob.Client.Peer.Subscribe(request, deadline: NodeClient.In(Eventually.Generous));
        Assert.True(await first.ResponseStream.MoveNext());

        var second = bob.Client.ReadAsync(request, 1);
        var ended = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await first.ResponseStream.MoveNext()) continue;
        });
        await alice.Client.SendAsync("bob", "to the second");

        Assert.NotEqual(StatusCode.DeadlineExceeded, ended.StatusCode);
        Assert.NotEmpty(ended.Status.Detail);
        Assert.Equal("to the second", Assert.Single((await second).Texts));
    }
}
