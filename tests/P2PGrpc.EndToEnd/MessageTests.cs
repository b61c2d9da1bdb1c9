using Google.Protobuf;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>Messages between two nodes that run: both ways, many at once, whatever they hold (S1, S5).</summary>
public sealed class MessageTests
{
    [Fact]
    public async Task Messages_travel_both_ways()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();

        var there = await alice.Client.SendAsync("bob", "hello, bob", waitFor: DeliveryState.Delivered);
        var back = await bob.Client.SendAsync("alice", "hello, alice", waitFor: DeliveryState.Delivered);

        Assert.Equal(DeliveryState.Delivered, there.State);
        Assert.Equal(DeliveryState.Delivered, back.State);
        var atBob = Assert.Single((await bob.Client.ReadAllAsync()).Messages);
        Assert.Equal(("hello, bob", "alice", there.Reference), (atBob.Text, atBob.Alias, atBob.Reference));
        var atAlice = Assert.Single((await alice.Client.ReadAllAsync()).Messages);
        Assert.Equal(("hello, alice", "bob", back.Reference), (atAlice.Text, atAlice.Alias, atAlice.Reference));
    }

    [Fact]
    public async Task What_a_message_holds_arrives_unchanged()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var binary = new byte[70_000];
        new Random(1).NextBytes(binary);
        SendRequest[] requests =
        [
            new() { To = "bob", Text = "grüße 👩‍👩‍👧‍👦 \u0000\u001b[31mred\u202e 漢字" },
            new() { To = "bob", Text = new string('x', 64 * 1024) },
            new() { To = "bob", Data = ByteString.CopyFrom(binary), ContentType = "application/octet-stream" },
            new() { To = "bob", Text = "with headers", MessageId = "m-1", Headers = { ["traceparent"] = "00-1-2-01", ["reply-to"] = "x" } },
        ];
        foreach (var request in requests) await alice.Client.SendAsync(request);

        var read = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, requests.Length);

        Assert.Equal(
            requests.Select(request => new Content
            {
                ContentType = request.ContentType,
                MessageId = request.MessageId,
                Headers = { request.Headers },
            }),
            read.Messages.Select(message =>
            {
                var rest = message.Content.Clone();
                rest.ClearBody();
                return rest;
            }));
        Assert.Equal(requests[..2].Select(request => request.Text), read.Texts.Take(2));
        Assert.Equal(binary, read.Messages[2].Content.Data.ToByteArray());
        Assert.Equal("with headers", read.Messages[3].Text);
    }

    [Fact]
    public async Task Many_clients_at_once_keep_their_order_in_both_directions()
    {
        const int clients = 8;
        const int each = 60;
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();

        async Task SendAllAsync(NodeProcess from, string to, int client)
        {
            using var own = new NodeClient(from.SocketPath);
            for (var i = 0; i < each; i++) await own.SendAsync(to, $"{client}:{i}");
        }

        await Task.WhenAll(Enumerable.Range(0, clients).SelectMany(client => new[]
        {
            SendAllAsync(alice, "bob", client), SendAllAsync(bob, "alice", client),
        }));

        foreach (var node in new[] { alice, bob })
        {
            var read = await node.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, clients * each);
            Assert.Equal(clients * each, read.Texts.Distinct().Count());
            foreach (var client in read.Texts.GroupBy(text => text.Split(':')[0]))
                Assert.Equal(Enumerable.Range(0, each), client.Select(text => int.Parse(text.Split(':')[1], null)));
            Assert.Equal(read.Messages.Select(message => message.Sequence).Order(), read.Messages.Select(message => message.Sequence));
        }
    }

    [Fact]
    public async Task A_stream_of_batches_is_answered_message_by_message()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        using var call = alice.Client.Peer.SendStream(deadline: NodeClient.In(Eventually.Generous));

        await call.RequestStream.WriteAsync(new SendStreamRequest
        {
            To = "bob",
            Messages = { new Content { Text = "one" }, new Content(), new Content { Text = "three" } },
        });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var answer = call.ResponseStream.Current;
        await call.RequestStream.CompleteAsync();

        Assert.Equal(3u, answer.Count);
        Assert.Equal(2u, (uint)answer.Accepted.Sum(run => run.Count));
        var refusal = Assert.Single(answer.Refused);
        Assert.Equal((1u, (int)Google.Rpc.Code.InvalidArgument, "INVALID_FIELD"), (refusal.Index, refusal.Code, refusal.Reason));
        var read = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, 2);
        Assert.Equal(["one", "three"], read.Texts);
    }

    [Fact]
    public async Task An_ephemeral_message_arrives_while_both_are_linked_and_is_never_stored()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        using var call = bob.Client.Peer.Subscribe(new SubscribeRequest { StartAt = StartAt.End }, deadline: NodeClient.In(Eventually.Generous));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var reading = new Reading();

        var sent = await alice.Client.SendAsync(new SendRequest { To = "bob", Text = "now or never", Ephemeral = true });
        while (reading.Messages.Count == 0 && await call.ResponseStream.MoveNext(CancellationToken.None)) reading.Add(call.ResponseStream.Current);

        Assert.Equal(DeliveryState.Sent, sent.State);
        Assert.Equal("now or never", Assert.Single(reading.Texts));
        Assert.Empty((await bob.Client.ReadAllAsync()).Messages);
        Assert.Empty((await alice.Client.ReadAllAsync(includeOwn: true)).Messages);
    }
}
