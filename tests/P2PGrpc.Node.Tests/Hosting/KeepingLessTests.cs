using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.History;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Protocol;
using Xunit;
using RetentionAdministration = P2PGrpc.Node.Api.RetentionAdministration;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>Whole nodes that keep less than all: what readers, peers and newcomers get.</summary>
public sealed class KeepingLessTests
{
    /// <summary>Less than any message: all that may be erased is.</summary>
    private static readonly RetentionLimits Nothing = new(null, 1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gaps_are_marked_and_what_comes_later_is_read_as_always()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        for (var number = 0; number < 3; number++)
            await alice.SendAsync("bob", $"old {number}", request => request.WaitFor = DeliveryState.Delivered);
        await EraseAsync(bob, "alice");
        await alice.SendAsync("bob", "new", request => request.WaitFor = DeliveryState.Delivered);

        await CheckAsync();
        await bob.StopAsync();
        await bob.StartAgainAsync();
        await CheckAsync();

        async Task CheckAsync()
        {
            var (erased, texts) = await ReadAsync(bob, 3, 1);
            Assert.Equal(["new"], texts);
            var mark = Assert.Single(erased);
            Assert.Equal((3ul, 1ul, alice.Id, "alice"), (mark.Erased, mark.FirstSequence, mark.Author, mark.Alias));
            Assert.Empty(mark.Messages);
        }
    }

    /// <summary>D1: the recipient is away, and the sender keeps nothing that it need not.</summary>
    [Fact]
    public async Task What_was_not_delivered_yet_is_delivered_whole_D1()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        await alice.SendAsync("bob", "delivered", request => request.WaitFor = DeliveryState.Delivered);
        await bob.StopAsync();
        await alice.SendAsync("bob", "on its way");
        await EraseAsync(alice, "bob");
        await bob.StartAgainAsync();

        var (erased, texts) = await ReadAsync(bob, 0, 2);
        Assert.Empty(erased);
        Assert.Equal(["delivered", "on its way"], texts);
        await RunningNode.WaitUntilAsync(() => alice.Find("bob")!.Undelivered == 0, "the acknowledgement arrives");
        await EraseAsync(alice, "bob");
        (erased, texts) = await ReadAsync(alice, 2, 0);
        Assert.Empty(texts);
        Assert.Equal("self", erased[0].Alias);
    }

    [Fact]
    public async Task A_newcomer_gets_headers_of_what_all_have_erased_and_then_what_is_written()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        await FillRoomAsync(alice, bob);
        await EraseAsync(alice, "#friends");
        await EraseAsync(bob, "#friends");

        await carol.Runtime.RoomAdministration.JoinAsync(alice.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
        await RunningNode.WaitUntilAsync(() => carol.Runtime.Store.LastPosition == 5, "carol has all headers");
        await alice.SendAsync("#friends", "hello, carol");
        var (erased, texts) = await ReadAsync(carol, 5, 1);
        Assert.Equal(["hello, carol"], texts);
        Assert.All(erased, mark => Assert.Equal("#friends", mark.Room));

        await carol.StopAsync();
        await carol.StartAgainAsync();
        await alice.SendAsync("#friends", "again");
        (erased, texts) = await ReadAsync(carol, 5, 2);
        Assert.Equal(["hello, carol", "again"], texts);
        Assert.Equal(5ul, Sum(erased));
    }

    [Fact]
    public async Task A_newcomer_gets_the_bodies_from_whoever_still_holds_them()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        await FillRoomAsync(alice, bob);
        await EraseAsync(alice, "#friends");
        var rooms = carol.Runtime.RoomAdministration;
        await rooms.JoinAsync(alice.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
        await rooms.JoinAsync(bob.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);

        var (erased, texts) = await ReadAsync(carol, 0, 5);
        Assert.Empty(erased);
        Assert.Equal(["0", "1", "2", "3", "4"], texts);
    }

    [Fact]
    public async Task A_named_consumer_that_comes_too_late_goes_on_and_is_told_what_it_missed()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.SendAsync("self", "zero");
        await alice.ReceiveAsync(1, request => request.Consumer = "reader");
        for (var number = 1; number < 4; number++)
            await alice.SendAsync("self", $"{number}");
        await EraseAsync(alice, "self");
        await alice.SendAsync("self", "last");
        var (erased, texts) = await ReadAsync(alice, 4, 1, request => request.Consumer = "reader");
        Assert.Equal(4ul, Sum(erased));
        Assert.Equal(["last"], texts);
    }

    [Fact]
    public async Task The_history_forgets_the_words_and_marks_the_places_also_over_a_start()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.SendAsync("self", "a secret word");
        await alice.SendAsync("self", "another secret");
        Assert.Equal(2, HistoryNode.Texts((await alice.SearchAsync("secret")).Batches).Count);
        await EraseAsync(alice, "self");
        await alice.SendAsync("self", "no secret any more");
        await CheckAsync();
        await alice.StopAsync();
        await alice.StartAgainAsync();
        await CheckAsync();
        await alice.Runtime.Index.RebuildAsync(Token);
        await CheckAsync();

        async Task CheckAsync()
        {
            await RunningNode.WaitUntilAsync(async () => HistoryNode.Texts((await alice.SearchAsync("secret")).Batches).Count == 1, "the words are forgotten");
            var page = await alice.ListAsync("self");
            Assert.Equal(["no secret any more"], HistoryNode.Texts(page.Batches));
            Assert.Equal(2ul, Sum(page.Batches));
            Assert.Equal(1ul, Assert.Single(await alice.ListConversationsAsync()).Messages);
        }
    }

    [Fact]
    public async Task What_is_erased_is_not_unread_and_counts_no_more()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        await FillRoomAsync(alice, bob);
        await CheckAsync(bob, 5, 5, 0);
        await EraseAsync(bob, "#friends");
        await RunningNode.WaitUntilAsync(async () => Assert.Single(await bob.ListConversationsAsync()).Messages == 0, "the index has followed");
        await CheckAsync(bob, 0, 0, 5);
        await EraseAsync(alice, "#friends");
        await carol.Runtime.RoomAdministration.JoinAsync(alice.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
        await RunningNode.WaitUntilAsync(() => carol.Runtime.Store.LastPosition == 5, "carol has all headers");
        await alice.SendAsync("#friends", "hello, carol");
        await RunningNode.WaitUntilAsync(() => carol.Runtime.Store.LastPosition == 6 && bob.Runtime.Store.LastPosition == 6, "the new one has come");
        await CheckAsync(carol, 1, 1, 5);
        await CheckAsync(bob, 1, 1, 5);
        await bob.Runtime.Index.RebuildAsync(Token);
        await RunningNode.WaitUntilAsync(async () => (await bob.ListConversationsAsync()) is [{ Messages: 1 }], "the index has followed again");
        await CheckAsync(bob, 1, 1, 5);
        Assert.Equal(0ul, await bob.ReadAsync("#friends"));

        async Task CheckAsync(RunningNode node, ulong messages, ulong unread, ulong erased)
        {
            var conversation = Assert.Single(await node.ListConversationsAsync());
            Assert.Equal((messages, unread), (conversation.Messages, conversation.Unread));
            Assert.Equal(erased, Sum((await node.ListAsync("#friends")).Batches));
        }
    }

    [Fact]
    public async Task What_can_not_be_kept_so_is_refused_and_what_is_set_is_shown()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var administration = new RetentionAdministration(alice.Runtime.Retention, alice.Runtime.Recipients);
        await RefusedAsync(new SetRetentionRequest { Conversation = "nobody", KeepDays = 1 }, StatusCode.NotFound);
        await RefusedAsync(new SetRetentionRequest { Conversation = "#nowhere", KeepDays = 1 }, StatusCode.NotFound);
        await RefusedAsync(new SetRetentionRequest { KeepDays = 1 }, StatusCode.InvalidArgument);
        await RefusedAsync(new SetRetentionRequest { Conversation = "self" }, StatusCode.InvalidArgument);
        await RefusedAsync(new SetRetentionRequest { Conversation = "self", KeepDays = 0 }, StatusCode.InvalidArgument);
        await RefusedAsync(new SetRetentionRequest { Conversation = "self", KeepDays = uint.MaxValue }, StatusCode.InvalidArgument);
        await RefusedAsync(new SetRetentionRequest { Conversation = "self", KeepBytes = 1000 }, StatusCode.InvalidArgument);
        await RefusedAsync(new SetRetentionRequest { Conversation = "self", KeepBytes = ulong.MaxValue }, StatusCode.InvalidArgument);
        Assert.Equal(new Protocol.Retention { Conversation = "self" }, administration.Get("self"));

        await administration.SetAsync(new SetRetentionRequest { Conversation = "self", KeepDays = 3 }, Token);
        var both = await administration.SetAsync(new SetRetentionRequest { Conversation = "self", KeepBytes = 1 << 20 }, Token);
        Assert.Equal((3u, 1ul << 20), (both.KeepDays, both.KeepBytes));
        var cleared = await administration.SetAsync(new SetRetentionRequest { Conversation = "self", Clear = true, KeepDays = 9 }, Token);
        Assert.Equal((9u, false), (cleared.KeepDays, cleared.HasKeepBytes));

        async Task RefusedAsync(SetRetentionRequest request, StatusCode status) =>
            Assert.Equal(status, (await Assert.ThrowsAsync<NodeRequestException>(() => administration.SetAsync(request, Token))).Status);
    }

    private static async Task FillRoomAsync(RunningNode alice, RunningNode bob)
    {
        var ticket = (await alice.Runtime.RoomAdministration.CreateAsync("friends", Token)).Ticket;
        await bob.Runtime.RoomAdministration.JoinAsync(ticket, "", Token);
        for (var number = 0; number < 5; number++)
            await alice.SendAsync("#friends", $"{number}");
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Store.LastPosition == 5, "bob has all of it");
        await RunningNode.WaitUntilAsync(() => alice.Runtime.Store.CountUndelivered() == 0, "alice knows that");
    }

    private static async Task EraseAsync(RunningNode node, string conversation)
    {
        var retention = node.Runtime.Retention;
        // Who sends is answered before retention hears of the message: it would be taken for one more than is held.
        await node.Runtime.Store.WriteAsync(new SqlOperation(""), Token);
        var id = node.Runtime.Recipients.ResolveKnown(conversation);
        await retention.SetAsync(id, Nothing, Token);
        await retention.LookAsync(Token);
        await retention.SetAsync(id, default, Token);
    }

    private static ulong Sum(IEnumerable<MessageBatch> erased) => erased.Aggregate(0ul, (sum, mark) => sum + mark.Erased);

    /// <summary>Reads from the start until so many erased ones and so many texts were seen.</summary>
    private static async Task<(List<MessageBatch> Erased, List<string> Texts)> ReadAsync(
        RunningNode node, ulong erasedCount, int textCount, Action<SubscribeRequest>? configure = null)
    {
        var request = new SubscribeRequest { StartAt = StartAt.Start, IncludeOwn = true };
        configure?.Invoke(request);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(RunningNode.Patience);
        var (erased, texts) = (new List<MessageBatch>(), new List<string>());
        await foreach (var response in node.Runtime.Subscriptions.SubscribeAsync(request, limit.Token))
        {
            foreach (var batch in response.Batches)
            {
                if (batch.Erased > 0)
                    erased.Add(batch);
                texts.AddRange(batch.Messages.Select(message => message.Content.Text));
            }

            if (Sum(erased) >= erasedCount && texts.Count >= textCount)
                break;
        }

        return (erased, texts);
    }
}
