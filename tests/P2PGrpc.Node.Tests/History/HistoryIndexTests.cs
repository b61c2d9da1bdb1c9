using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.History;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Protocol;
using Xunit;
using static P2PGrpc.Node.Tests.History.HistoryNode;

namespace P2PGrpc.Node.Tests.History;

/// <summary>The index is no treasure: whatever becomes of its file, the history comes back from the logs.</summary>
public sealed class HistoryIndexTests
{
    private static readonly string[] Said = ["one", "two", "three", "four"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gone")]
    [InlineData("garbage")]
    [InlineData("cut")]
    [InlineData("older version")]
    public async Task An_index_that_is_lost_or_spoilt_is_built_again(string what)
    {
        await using var alice = await StartAsync();
        Assert.Equal(Said, Texts((await alice.ListAsync("self")).Batches));
        await alice.StopAsync();
        var path = Path.Combine(alice.DataDirectory, "history.db");
        switch (what)
        {
            case "gone":
                File.Delete(path);
                break;
            case "garbage":
                await File.WriteAllBytesAsync(path, [.. Enumerable.Range(0, 40_000).Select(number => (byte)(number * 7))], Token);
                break;
            case "cut":
                await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(path, Token))[..8192], Token);
                break;
            default:
                alice.Execute("history.db", "PRAGMA user_version = 99; DROP TABLE entry");
                break;
        }

        await alice.StartAgainAsync();
        await RunningNode.WaitUntilAsync(async () => await CountAsync(alice) == Said.Length, "the history is whole again");
        Assert.Equal(["three"], Texts((await alice.SearchAsync("three")).Batches));
    }

    [Fact]
    public async Task An_index_of_another_state_of_the_database_is_built_again()
    {
        await using var alice = await StartAsync();
        await alice.StopAsync();
        var (now, then) = (Path.Combine(alice.DataDirectory, "p2pgrpc.db"), Path.Combine(alice.DataDirectory, "older"));
        File.Copy(now, then);
        await alice.StartAgainAsync();
        await alice.SendAsync("self", "lost with the disk");
        Assert.Equal(5, await CountAsync(alice));
        await alice.StopAsync();
        var (index, ofTheLost) = (Path.Combine(alice.DataDirectory, "history.db"), Path.Combine(alice.DataDirectory, "index-of-the-lost"));
        File.Copy(index, ofTheLost);
        File.Move(then, now, overwrite: true);
        await alice.StartAgainAsync();
        await alice.SendAsync("self", "another fifth");
        await CheckAsync();

        // Of as many messages as the database holds, but others.
        await alice.StopAsync();
        File.Move(ofTheLost, index, overwrite: true);
        await alice.StartAgainAsync();
        await RunningNode.WaitUntilAsync(async () => (await alice.SearchAsync("another")).Batches.Count > 0, "the index is built again");
        await CheckAsync();

        async Task CheckAsync()
        {
            Assert.Equal([.. Said, "another fifth"], Texts((await alice.ListAsync("self")).Batches));
            Assert.Empty((await alice.SearchAsync("lost")).Batches);
        }
    }

    [Fact]
    public async Task A_rebuild_leaves_marks_and_messages_as_they_were()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        foreach (var text in Said)
            await bob.SendAsync("alice", text, request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal(2ul, await alice.ReadAsync("bob", 2));
        Assert.Equal(4ul, (await alice.Runtime.History.RebuildAsync(Token)).Messages);
        Assert.Equal(Said, await alice.WalkBackAsync("bob", 3));
        Assert.Equal((4ul, 2ul), (await alice.ListConversationsAsync()).Select(each => (each.Messages, each.Unread)).Single());
        await bob.SendAsync("alice", "five", request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal((5ul, 3ul), (await alice.ListConversationsAsync()).Select(each => (each.Messages, each.Unread)).Single());
    }

    /// <summary>D6: what is damaged is not shown, and is said to be missing; what was damaged when it should have been indexed comes in with its repair.</summary>
    [Fact]
    public async Task D6_Damaged_messages_are_counted_and_come_back_with_their_repair()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        foreach (var text in Said)
            await bob.SendAsync("alice", text, request => request.WaitFor = DeliveryState.Delivered);
        Assert.Equal(Said, Texts((await alice.ListAsync("bob")).Batches));
        await bob.StopAsync();
        await alice.StopAsync();
        alice.Execute("p2pgrpc.db", "UPDATE segment SET body = zeroblob(length(body)) WHERE position = 2");
        await alice.StartAgainAsync();
        var page = await alice.ListAsync("bob");
        Assert.Equal(["one", "three", "four"], Texts(page.Batches));
        Assert.Equal((1u, 0ul), (page.Unreadable, page.Behind));

        await alice.Runtime.History.RebuildAsync(Token);
        page = await alice.ListAsync("bob");
        Assert.Equal((0u, 0ul, 3), (page.Unreadable, page.Behind, Texts(page.Batches).Count));
        await bob.StartAgainAsync();
        await RunningNode.WaitUntilAsync(async () => await CountAsync(alice, "bob") == Said.Length, "the repaired message is in the history");
        Assert.Equal(Said, Texts((await alice.ListAsync("bob")).Batches));
        Assert.Equal((4ul, 4ul), (await alice.ListConversationsAsync()).Select(each => (each.Messages, each.Unread)).Single());
        Assert.Equal(["two"], Texts((await alice.SearchAsync("two")).Batches));
    }

    /// <summary>D5: at once, and not when whoever asked has given up.</summary>
    [Fact]
    public async Task D5_A_rebuild_for_which_there_is_no_room_says_so_at_once()
    {
        await using var fixture = new StoreFixture();
        await using var index = new HistoryIndexer(
            fixture.Store, fixture.Options.DatabasePath + ".history", fixture.Identity.PeerId, fixture.Time, NullLogger.Instance)
        {
            MaximumPages = 3,
        };
        index.Start();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            // The clock stands: nothing waits for the next attempt.
            var refusal = await Assert.ThrowsAsync<StoreException>(() => index.RebuildAsync(StoreFixture.Deadline));
            Assert.Equal(StoreFailure.Full, refusal.Failure);
            Assert.Contains("The disk of this node is full", refusal.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>D5: an index that could be emptied and not filled again would be worse than the one that there is.</summary>
    [Fact]
    public async Task D5_An_index_is_not_emptied_where_there_is_no_room_to_build_it_again()
    {
        await using var fixture = new StoreFixture();
        var room = 0L;
        await using var index = new HistoryIndexer(
            fixture.Store, fixture.Options.DatabasePath + ".history", fixture.Identity.PeerId, TimeProvider.System, NullLogger.Instance)
        {
            FindRoom = _ => room,
        };
        index.Start();
        await fixture.AppendAsync("one");
        Assert.Equal(0ul, await index.CatchUpAsync(TimeSpan.FromMinutes(1), StoreFixture.Deadline));
        Assert.Equal(StoreFailure.Full, (await Assert.ThrowsAsync<StoreException>(() => index.RebuildAsync(StoreFixture.Deadline))).Failure);
        Assert.Equal(0ul, index.Behind);

        room = HistoryLimits.RebuildRoom;
        await index.RebuildAsync(StoreFixture.Deadline);
        Assert.Equal(0ul, await index.CatchUpAsync(TimeSpan.FromMinutes(1), StoreFixture.Deadline));
    }

    /// <summary>The places of an order sort in SQLite as they do here, and their texts are theirs alone.</summary>
    [Fact]
    public void Places_keep_their_order_as_columns_and_their_value_as_texts()
    {
        ulong[] numbers = [0, 1, 255, 1UL << 62, (1UL << 63) - 1, 1UL << 63, ulong.MaxValue - 1, ulong.MaxValue];
        Assert.Equal(numbers, numbers.Select(HistoryPlace.ToColumn).Order().Select(HistoryPlace.FromColumn));
        foreach (var number in numbers)
        {
            var place = new HistoryPlace(number, numbers[3], number ^ 5, 7, number);
            Assert.True(HistoryPlace.TryParse(place.ToString(), out var read));
            Assert.Equal(place, read);
        }

        Assert.False(HistoryPlace.TryParse("", out _));
        Assert.False(HistoryPlace.TryParse(new string('a', 63), out _));
    }

    private static async Task<RunningNode> StartAsync()
    {
        var alice = await RunningNode.StartAsync("alice");
        foreach (var text in Said)
            await alice.SendAsync("self", text);
        return alice;
    }

    private static async Task<int> CountAsync(RunningNode node, string conversation = "self")
    {
        try
        {
            return Texts((await node.ListAsync(conversation)).Batches).Count;
        }
        catch (NodeRequestException unavailable) when (unavailable.Reason == "HISTORY_UNAVAILABLE")
        {
            return 0;
        }
    }
}
