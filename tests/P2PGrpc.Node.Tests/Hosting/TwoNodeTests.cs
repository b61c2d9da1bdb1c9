using Google.Protobuf;
using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>Two whole nodes over real TLS: messages, order, absence, idempotency, ephemeral messages.</summary>
public sealed class TwoNodeTests
{
    [Fact]
    public async Task L1_A_message_reaches_the_other_node_and_is_acknowledged_as_delivered()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        var sent = await alice.SendAsync("bob", "hello 👋", request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal(DeliveryState.Delivered, sent.State);

        var (batch, entry) = Assert.Single(await bob.ReceiveAsync(1));
        Assert.Equal("hello 👋", entry.Content.Text);
        Assert.Equal(alice.Id, batch.Author);
        Assert.Equal("alice", batch.Alias);
        Assert.Equal(sent.Reference, $"{batch.Log}/{batch.FirstSequence}");
    }

    [Fact]
    public async Task S5_Messages_of_many_senders_keep_each_senders_order_both_ways()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        const int senders = 8;
        const int each = 50;

        async Task SendAllAsync(RunningNode node, string to, int sender)
        {
            for (var index = 0; index < each; index++)
                await node.SendAsync(to, $"{sender}/{index}");
        }

        await Task.WhenAll(Enumerable.Range(0, senders).SelectMany(sender => new[] { SendAllAsync(alice, "bob", sender), SendAllAsync(bob, "alice", sender) }));
        foreach (var node in new[] { alice, bob })
        {
            var received = await node.ReceiveAsync(senders * each);
            Assert.Equal(senders * each, received.Count);
            foreach (var sender in received.GroupBy(message => message.Entry.Content.Text.Split('/')[0]))
                Assert.Equal(Enumerable.Range(0, each).Select(index => $"{sender.Key}/{index}"), sender.Select(message => message.Entry.Content.Text));
        }
    }

    [Fact]
    public async Task A_peer_that_is_away_gets_its_messages_once_when_it_comes_back()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        await bob.StopAsync();

        var sent = await alice.Runtime.Sender.SendAsync(
            new SendRequest { To = "bob", Text = "while you were away", WaitFor = DeliveryState.Delivered },
            TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken);
        Assert.Equal(DeliveryState.Accepted, sent.State);
        Assert.Equal(1ul, alice.Find("bob")!.Undelivered);

        await bob.StartAgainAsync();
        var (_, entry) = Assert.Single(await bob.ReceiveAsync(1));
        Assert.Equal("while you were away", entry.Content.Text);
        await RunningNode.WaitUntilAsync(() => alice.Find("bob")!.Undelivered == 0, "bob's acknowledgement arrives");

        await bob.StopAsync();
        await bob.StartAgainAsync();
        await bob.WaitForLinkAsync("alice");
        await alice.SendAsync("bob", "second", request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal(2, (await bob.ReceiveAsync(2)).Count);
    }

    [Fact]
    public async Task A_restarted_sender_goes_on_in_a_new_epoch_and_nothing_is_lost()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        var before = await alice.SendAsync("bob", "one", request => request.WaitFor = DeliveryState.Delivered);
        await alice.StopAsync();
        await alice.StartAgainAsync();
        var after = await alice.SendAsync("bob", "two", request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal(DeliveryState.Delivered, after.State);
        Assert.NotEqual(before.Reference.Split('/')[0], after.Reference.Split('/')[0]);
        Assert.Equal(["one", "two"], (await bob.ReceiveAsync(2)).Select(message => message.Entry.Content.Text));
    }

    [Fact]
    public async Task D3_The_same_message_id_gives_the_same_answer_and_one_message()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        var first = await alice.SendAsync("bob", "once", request => request.MessageId = "m1");
        var again = await alice.SendAsync("bob", "once", request => request.MessageId = "m1");
        Assert.Equal(first.Reference, again.Reference);
        var conflict = await Assert.ThrowsAsync<NodeRequestException>(() => alice.SendAsync("bob", "other", request => request.MessageId = "m1"));
        Assert.Equal(StatusCode.AlreadyExists, conflict.Status);
        await alice.SendAsync("bob", "last", request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal(["once", "last"], (await bob.ReceiveAsync(2)).Select(message => message.Entry.Content.Text));
    }

    [Fact]
    public async Task D3_A_retry_whose_client_writes_its_headers_in_another_order_is_the_same_message()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var first = await alice.SendAsync("self", "once", request =>
        {
            request.MessageId = "m1";
            request.Headers.Add("a", "1");
            request.Headers.Add("b", "2");
        });
        var again = await alice.SendAsync("self", "once", request =>
        {
            request.MessageId = "m1";
            request.Headers.Add("b", "2");
            request.Headers.Add("a", "1");
        });
        Assert.Equal(first.Reference, again.Reference);
        Assert.Equal(1ul, alice.Runtime.Store.LastPosition);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_node_that_stops_says_goodbye_on_the_links_that_it_dialled_and_on_those_it_serves(bool diallerStops)
    {
        await using var served = await RunningNode.StartAsync("served", AdmissionPolicy.Any);
        await using var dialler = await RunningNode.StartAsync("dialler", AdmissionPolicy.Known, served.PeerText("served"));
        await dialler.WaitForLinkAsync("served");
        var (stopping, staying) = diallerStops ? (dialler, served) : (served, dialler);
        await RunningNode.WaitUntilAsync(() => staying.Runtime.Links.Count == 1, "both see the link");
        var down = staying.WaitForEventAsync(happened => happened.LinkDown is not null);
        await stopping.StopAsync();
        Assert.Equal("The node is stopping.", (await down).LinkDown.Reason);
    }

    [Fact]
    public async Task S7_An_ephemeral_message_arrives_while_linked_and_is_never_stored()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        using var stop = new CancellationTokenSource(RunningNode.Patience);
        var responses = bob.Runtime.Subscriptions.SubscribeAsync(new SubscribeRequest(), stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.True(await responses.MoveNextAsync());
        Assert.True(responses.Current.CaughtUp);

        var sent = await alice.SendAsync("bob", "now or never", request => request.Ephemeral = true);
        Assert.Equal(DeliveryState.Sent, sent.State);
        Assert.Equal("", sent.Reference);
        Assert.True(await responses.MoveNextAsync());
        var batch = Assert.Single(responses.Current.Batches);
        Assert.True(batch.Ephemeral);
        Assert.Equal("now or never", Assert.Single(batch.Messages).Content.Text);
        Assert.Null(responses.Current.Cursor);
        await responses.DisposeAsync();
        Assert.Equal(0ul, alice.Runtime.Store.LastPosition);
        Assert.Equal(0ul, bob.Runtime.Store.LastPosition);

        await bob.StopAsync();
        await RunningNode.WaitUntilAsync(() => alice.Find("bob")!.Link != LinkState.Up, "the link is down");
        var refused = await Assert.ThrowsAsync<NodeRequestException>(() => alice.SendAsync("bob", "x", request => request.Ephemeral = true));
        Assert.Equal((StatusCode.Unavailable, "PEER_NOT_LINKED"), (refused.Status, refused.Reason));
    }

    [Fact]
    public async Task The_largest_message_and_data_pass_unchanged()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.WaitForLinkAsync("bob");
        var data = new byte[ContentLimits.BodyLength];
        new Random(7).NextBytes(data);
        var request = new SendRequest
        {
            To = "bob",
            Data = ByteString.CopyFrom(data),
            ContentType = "application/x-noise",
            Headers = { { "traceparent", "00-1" } },
            WaitFor = DeliveryState.Delivered,
        };
        var sent = await alice.Runtime.Sender.SendAsync(request, RunningNode.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(DeliveryState.Delivered, sent.State);
        var (_, entry) = Assert.Single(await bob.ReceiveAsync(1));
        Assert.Equal(data, entry.Content.Data.ToByteArray());
        Assert.Equal("application/x-noise", entry.Content.ContentType);
        Assert.Equal("00-1", entry.Content.Headers["traceparent"]);
    }

    [Fact]
    public async Task Messages_to_self_are_delivered_here()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var sent = await alice.SendAsync("self", "note", request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal(DeliveryState.Delivered, sent.State);
        var (batch, entry) = Assert.Single(await alice.ReceiveAsync(1));
        Assert.Equal(("self", "self", "note"), (batch.Alias, batch.Peer, entry.Content.Text));
    }
}
