using P2PGrpc.Client;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>What a node measures of itself, by listening in its process.</summary>
public sealed class MetricsTests
{
    private const string Reason = "p2pgrpc.reason";
    private const string Kind = "p2pgrpc.conversation.kind";

    [Fact]
    public async Task What_happens_is_counted_and_no_label_can_grow_without_end()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        using var watch = new MetricsWatch(alice);
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.AddAsync("nobody=127.0.0.1:9");
        await alice.SendAsync("bob", "hello", request => request.WaitFor = DeliveryState.Delivered);
        await bob.SendAsync("alice", "hello you", request => request.WaitFor = DeliveryState.Delivered);
        await alice.SendAsync("self", "a note", request => request.MessageId = "m1");
        await alice.Runtime.RoomAdministration.CreateAsync("friends", TestContext.Current.CancellationToken);
        await alice.SendAsync("#friends", "all");
        await Assert.ThrowsAsync<NodeRequestException>(() => alice.SendAsync("self", "another note", request => request.MessageId = "m1"));
        await using (var client = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = alice.DataDirectory }))
        {
            await client.SendAsync("self", "by a call");
            await Assert.ThrowsAsync<P2PGrpcException>(() => client.SendAsync("stranger", "by a call"));
        }

        await RunningNode.WaitUntilAsync(() => watch.ReadNow("p2pgrpc.dials.failed", Reason, "unreachable") > 0, "the dial of nobody has failed");
        Assert.Equal(1, watch.ReadNow("p2pgrpc.links", "p2pgrpc.link.state", "up"));
        // Who sends has the answer before the messages are counted.
        await RunningNode.WaitUntilAsync(() => (Sent("direct"), Sent("room"), Sent("self")) == (1, 1, 2), "what was sent is counted");
        await RunningNode.WaitUntilAsync(() => watch.ReadNow("p2pgrpc.messages.received", Kind, "direct") == 1, "what was received is counted");
        Assert.Equal(1, watch.ReadNow("p2pgrpc.messages.refused", Reason, "MESSAGE_ID_USED"));
        Assert.Equal(1, watch.ReadNow("p2pgrpc.calls.refused", Reason, "PEER_UNKNOWN"));
        // A peer that is known by address alone is a peer.
        Assert.Equal((1, 0), (watch.ReadNow("p2pgrpc.links", "p2pgrpc.link.state", "dialling"), watch.ReadNow("p2pgrpc.links", "p2pgrpc.link.state", "down")));
        // Nobody else is in the room yet.
        Assert.Equal(0, watch.ReadNow("p2pgrpc.messages.undelivered"));
        Assert.True(watch.ReadNow("p2pgrpc.log.size", "p2pgrpc.file", "database") > 0);

        var all = watch.Read();
        Assert.Contains(all, measured => measured is { Name: "p2pgrpc.delivery.duration", Value: > 0 } && measured.Labels[Kind] == "direct");
        Assert.Contains(all, measured => measured is { Name: "rpc.server.call.duration" } && measured.Labels["rpc.response.status_code"] == "NOT_FOUND");
        ClosedLabels.Check(all);

        double Sent(string kind) => watch.ReadNow("p2pgrpc.messages.sent", Kind, kind);
    }

    [Fact]
    public async Task The_documents_name_all_metrics_with_kind_and_unit_and_no_others()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        using var watch = new MetricsWatch(alice);
        Assert.Equal(watch.Published.Order(StringComparer.Ordinal), Documents.ReadMetrics().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Each_node_of_a_process_has_a_meter_of_its_own_which_ends_with_it()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        using var ofAlice = new MetricsWatch(alice);
        using var ofBob = new MetricsWatch(bob);
        await alice.SendAsync("self", "a note");
        await RunningNode.WaitUntilAsync(() => ofAlice.ReadNow("p2pgrpc.messages.sent") == 1, "it is counted");
        Assert.Equal(0, ofBob.ReadNow("p2pgrpc.messages.sent"));
        await alice.StopAsync();
        var before = ofAlice.Read().Count;
        Assert.Equal(before, ofAlice.Read().Count);
    }

    [Fact]
    public void Reasons_that_nobody_thought_of_are_counted_as_one()
    {
        var counts = new ReasonCounts("known");
        for (var number = 0; number < 1000; number++)
            counts.Add($"made up {number}");
        var read = counts.Read().ToDictionary(measured => (string)measured.Tags[0].Value!, measured => measured.Value);
        Assert.Equal(0, read["known"]);
        Assert.InRange(read.Count, 100, 130);
        Assert.Equal(1000, read.Values.Sum());
        Assert.True(read[ReasonCounts.Other] > 800);
    }
}
