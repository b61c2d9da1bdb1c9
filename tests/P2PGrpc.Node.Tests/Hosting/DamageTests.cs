using Grpc.Core;
using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>D6: a damaged segment is never served, and comes back from the peer that holds it: a received one from its author, an own one from
/// who acknowledged it.</summary>
public sealed class DamageTests
{
    private static readonly string[] Texts = ["one", "two", "three", "four"];

    [Theory]
    [InlineData("bob", "body = zeroblob(length(body))", "2")]
    [InlineData("bob", "header = zeroblob(length(header))", "3")]
    [InlineData("bob", "body = zeroblob(length(body))", "2, 3, 4")]
    [InlineData("bob", "header = zeroblob(length(header)), hash = zeroblob(32)", "1")]
    [InlineData("alice", "body = zeroblob(length(body))", "1, 4")]
    [InlineData("alice", "header = zeroblob(length(header))", "2")]
    public async Task What_is_damaged_on_disk_is_fetched_again(string victim, string damage, string positions)
    {
        var (alice, bob) = await StartPairAsync();
        await using var first = alice;
        await using var second = bob;
        var node = victim == "alice" ? alice : bob;
        await DamageAsync(node, $"{damage} WHERE position IN ({positions})");

        await RunningNode.WaitUntilAsync(async () => await CountReadableAsync(node) == Texts.Length, "all is readable again");

        Assert.Equal(Texts, (await ReceiveAsync(node)).Select(message => message.Entry.Content.Text));
        await node.StopAsync();
        await node.StartAgainAsync();
        Assert.Equal(Texts, (await ReceiveAsync(node)).Select(message => message.Entry.Content.Text));
    }

    [Fact]
    public async Task One_reading_waits_for_all_repairs_and_the_owner_is_told()
    {
        var (alice, bob) = await StartPairAsync();
        await using var first = alice;
        await using var second = bob;
        await DamageAsync(bob, "body = zeroblob(length(body)) WHERE position IN (2, 3, 4)");
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Links.Count > 0, "the link is up");
        var damaged = bob.WaitForEventAsync(happened => happened.Notice?.Reason == "SEGMENT_DAMAGED");
        var repaired = bob.WaitForEventAsync(happened => happened.Notice?.Reason == "SEGMENT_REPAIRED");

        Assert.Equal(Texts, (await bob.ReceiveAsync(Texts.Length)).Select(message => message.Entry.Content.Text));

        Assert.Contains("position ", (await damaged).Notice.Detail, StringComparison.Ordinal);
        Assert.Contains("position ", (await repaired).Notice.Detail, StringComparison.Ordinal);
        await RunningNode.WaitUntilAsync(() => bob.Runtime.Store.DamagedPlaces == 0, "no place is damaged any more");
    }

    [Fact]
    public async Task Without_a_peer_the_damage_is_told_at_once_with_the_place_behind_it()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        foreach (var text in Texts)
            await alice.SendAsync("self", text);
        await DamageAsync(alice, "body = zeroblob(length(body)) WHERE position = 2");

        var told = await Assert.ThrowsAsync<NodeRequestException>(() => ReceiveAsync(alice));

        Assert.Equal((StatusCode.DataLoss, "SEGMENT_DAMAGED"), (told.Status, told.Reason));
        Assert.Equal(1, alice.Runtime.Store.DamagedPlaces);
        var behind = alice.Runtime.Store.FindCheck(2) ?? 0;
        Assert.Contains($"with check {behind} (tail --from 2.{behind:x16})", told.Message, StringComparison.Ordinal);
        var rest = await alice.ReceiveAsync(2, request =>
        {
            request.IncludeOwn = true;
            request.After = new Protocol.Cursor { Position = 2, Check = behind };
        });
        Assert.Equal(Texts[2..], rest.Select(message => message.Entry.Content.Text));
    }

    [Fact]
    public async Task What_comes_after_the_repair_arrives_as_before()
    {
        var (alice, bob) = await StartPairAsync();
        await using var first = alice;
        await using var second = bob;
        await DamageAsync(bob, "body = zeroblob(length(body)) WHERE position = 2");

        await RunningNode.WaitUntilAsync(async () => await CountReadableAsync(bob) == Texts.Length, "all is readable again");
        await alice.SendAsync("bob", "five", request => request.WaitFor = Protocol.DeliveryState.Delivered);

        Assert.Equal([.. Texts, "five"], (await bob.ReceiveAsync(5)).Select(message => message.Entry.Content.Text));
    }

    /// <summary>Alice, and bob who has acknowledged all that she sent.</summary>
    private static async Task<(RunningNode Alice, RunningNode Bob)> StartPairAsync()
    {
        var alice = await RunningNode.StartAsync("alice");
        var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        foreach (var text in Texts)
            await alice.SendAsync("bob", text, request => request.WaitFor = Protocol.DeliveryState.Delivered);
        // Else the history's index would be the first to read what is damaged.
        foreach (var node in new[] { alice, bob })
            Assert.Equal(0ul, await node.Runtime.Index.CatchUpAsync(TestContext.Current.CancellationToken));
        return (alice, bob);
    }

    /// <summary>Damages a node's segments and has it run again, so that nothing of them is in memory.</summary>
    private static async Task DamageAsync(RunningNode node, string change)
    {
        await node.StopAsync();
        Execute(node, "UPDATE segment SET " + change);
        await node.StartAgainAsync();
    }

    private static Task<List<(Protocol.MessageBatch Batch, Protocol.Entry Entry)>> ReceiveAsync(RunningNode node) =>
        node.ReceiveAsync(Texts.Length, request => request.IncludeOwn = true);

    /// <summary>How many messages can be read: all, or none while one of them is damaged.</summary>
    private static async Task<int> CountReadableAsync(RunningNode node)
    {
        try
        {
            return (await ReceiveAsync(node)).Count;
        }
        catch (NodeRequestException unreadable) when (unreadable.Status == StatusCode.DataLoss)
        {
            return 0;
        }
    }

    private static void Execute(RunningNode node, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(node.DataDirectory, "p2pgrpc.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.NotEqual(0, command.ExecuteNonQuery());
    }
}
