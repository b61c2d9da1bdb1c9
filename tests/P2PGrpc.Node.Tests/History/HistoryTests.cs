using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;
using static P2PGrpc.Node.Tests.History.HistoryNode;

namespace P2PGrpc.Node.Tests.History;

/// <summary>Lists and pages of what was said, and what of it is unread.</summary>
public sealed class HistoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>S6: the order of a room is the same at all its members, whatever their clocks, however the pages are cut, and in whatever order messages arrived.</summary>
    [Fact]
    public async Task S6_All_members_show_a_room_in_the_same_order_though_their_clocks_are_days_apart()
    {
        await using var alice = await RunningNode.StartAsync("alice", new ShiftedClock(TimeSpan.Zero));
        await using var bob = await RunningNode.StartAsync("bob", new ShiftedClock(TimeSpan.FromDays(400)));
        await using var carol = await RunningNode.StartAsync("carol", new ShiftedClock(TimeSpan.FromDays(-400)));
        await alice.Runtime.RoomAdministration.CreateAsync("friends", Token);
        RunningNode[] members = [alice, bob, carol];
        var sent = new List<string>();
        foreach (var member in members[1..])
            await member.Runtime.RoomAdministration.JoinAsync(alice.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
        for (var round = 0; round < 7; round++)
            foreach (var member in members)
            {
                sent.Add($"{member.Name} {round}");
                await member.SendAsync("#friends", sent[^1]);
            }

        foreach (var member in members)
            await RunningNode.WaitUntilAsync(() => member.Runtime.Store.LastPosition == (ulong)sent.Count, $"{member.Name} holds all");
        var order = await alice.WalkBackAsync("#friends", 50);
        Assert.Equal(sent.Order(), order.Order());
        Assert.Equal(sent.Where(text => text.StartsWith("carol", StringComparison.Ordinal)), order[..7]);
        Assert.Equal(sent.Where(text => text.StartsWith("bob", StringComparison.Ordinal)), order[^7..]);
        foreach (var member in members)
            foreach (var size in new uint[] { 1, 4, 21, 200 })
            {
                Assert.Equal(order, await member.WalkBackAsync("#friends", size));
                var first = await member.ListAsync("#friends", request => (request.PageSize, request.FromMs) = (size, 0));
                Assert.Equal("", first.Older);
                Assert.Equal(order, await member.WalkOnAsync("#friends", size, first));
            }

    }

    [Fact]
    public async Task Pages_of_an_author_hold_what_it_wrote_in_its_order()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await alice.Runtime.RoomAdministration.CreateAsync("friends", Token);
        await bob.Runtime.RoomAdministration.JoinAsync(alice.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
        for (var number = 0; number < 9; number++)
        {
            await bob.Runtime.Sender.SendBatchAsync(
                await bob.Runtime.Recipients.ResolveAsync("#friends", Token),
                OutgoingBatch.From(new SendStreamRequest { Messages = { Enumerable.Range(0, 3).Select(index => new Content { Text = $"{number}.{index}" }) } }), Token);
            await alice.SendAsync("#friends", $"alice {number}");
        }

        await RunningNode.WaitUntilAsync(() => alice.Runtime.Store.LastPosition == 36, "alice holds all");
        var expected = Enumerable.Range(0, 27).Select(number => $"{number / 3}.{number % 3}").ToList();
        foreach (var size in new uint[] { 1, 2, 4, 27, 50 })
        {
            Assert.Equal(expected, await alice.WalkBackAsync("#friends", size, bob.Id));
            var first = await alice.ListAsync("#friends", request => (request.PageSize, request.Author, request.After) = (size, bob.Id, "0"));
            Assert.Equal(expected, await alice.WalkOnAsync("#friends", size, first, bob.Id));
        }

        Assert.Equal(9, (await alice.WalkBackAsync("#friends", 5, "self")).Count);
        Assert.Empty((await alice.ListAsync("#friends", request => request.Author = new string('a', 52))).Batches);
    }

    [Fact]
    public async Task What_others_wrote_is_unread_until_it_is_marked_and_survives_a_restart()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.Runtime.RoomAdministration.CreateAsync("silent", Token);
        for (var number = 0; number < 5; number++)
            await bob.SendAsync("alice", $"bob {number}", request => request.WaitFor = DeliveryState.Delivered);
        await alice.SendAsync("bob", "alice");
        await alice.SendAsync("self", "note");
        var conversations = await alice.ListConversationsAsync();
        Assert.Equal(
            [("self", "", 1ul, 0ul, "note"), ("bob", "", 6ul, 5ul, "alice"), ("", "#silent", 0ul, 0ul, "")],
            conversations.Select(each => (each.Peer, each.Room, each.Messages, each.Unread, each.Last?.Messages[0].Content.Text ?? "")));

        Assert.Equal(2ul, await alice.ReadAsync("bob", 3));
        Assert.Equal(2ul, await alice.ReadAsync("bob", 1));
        Assert.Equal(0ul, await alice.ReadAsync("bob"));
        await bob.SendAsync("alice", "one more", request => request.WaitFor = DeliveryState.Delivered);
        await alice.StopAsync();
        await alice.StartAgainAsync();
        var known = Assert.Single(await alice.ListConversationsAsync(), each => each.Peer == "bob");
        Assert.Equal((1ul, "one more"), (known.Unread, known.Last.Messages[0].Content.Text));
        Assert.Equal(StatusCode.OutOfRange, (await Assert.ThrowsAsync<NodeRequestException>(() => alice.ReadAsync("bob", 1000))).Status);
    }

    [Fact]
    public async Task A_page_begins_at_a_time()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var alice = await RunningNode.StartAsync("alice", time);
        for (var hour = 0; hour < 6; hour++)
        {
            await alice.SendAsync("self", $"at {hour}");
            time.Advance(TimeSpan.FromHours(1));
        }

        var three = (ulong)new DateTimeOffset(2026, 1, 1, 3, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        Assert.Equal(["at 3", "at 4", "at 5"], Texts((await alice.ListAsync("self", request => request.FromMs = three)).Batches));
        Assert.Equal(["at 1", "at 2"], Texts((await alice.ListAsync("self", request => (request.BeforeMs, request.PageSize) = (three, 2))).Batches));
        Assert.Empty((await alice.ListAsync("self", request => request.FromMs = ulong.MaxValue)).Batches);
    }

    [Fact]
    public async Task Neighbours_of_one_segment_are_one_batch_and_a_page_is_bounded_by_its_bytes()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.Runtime.Sender.SendBatchAsync(
            await alice.Runtime.Recipients.ResolveAsync("self", Token),
            OutgoingBatch.From(new SendStreamRequest { Messages = { Enumerable.Range(0, 20).Select(number => new Content { Text = $"{number}" }) } }), Token);
        var batch = Assert.Single((await alice.ListAsync("self", request => request.PageSize = 7)).Batches);
        Assert.Equal((14ul, 14ul, 7), (batch.FirstSequence, batch.FirstPosition, batch.Messages.Count));
        Assert.Equal(Enumerable.Range(13, 7).Select(number => $"{number}"), batch.Messages.Select(entry => entry.Content.Text));

        for (var number = 0; number < 20; number++)
            await alice.SendAsync("self", new string((char)('a' + number), 100_000));
        var page = await alice.ListAsync("self");
        Assert.InRange(page.CalculateSize(), 1_000_000, 1_300_000);
        Assert.Equal(40, (await alice.WalkBackAsync("self", 50)).Count);
    }

    [Theory]
    [InlineData("", "", "", 0u, "conversation")]
    [InlineData("self", "", "", 201u, "page_size")]
    [InlineData("self", "", "nowhere", 0u, "before")]
    [InlineData("self", "self", "nowhere", 0u, "before")]
    public async Task What_makes_no_sense_is_refused_by_its_field(string conversation, string author, string before, uint size, string field)
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var refused = await Assert.ThrowsAsync<NodeRequestException>(() => alice.ListAsync(conversation, request =>
        {
            (request.Author, request.PageSize) = (author, size);
            if (before.Length > 0)
                request.Before = before;
        }));
        Assert.Equal((StatusCode.InvalidArgument, field), (refused.Status, refused.Field));
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<NodeRequestException>(() => alice.ListAsync("nobody"))).Status);
    }

    /// <summary>The system's clock, days off.</summary>
    private sealed class ShiftedClock(TimeSpan shift) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
    }
}
