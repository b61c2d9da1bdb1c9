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
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        foreach (var text in Texts)
            await alice.SendAsync("bob", text, request => request.WaitFor = Protocol.DeliveryState.Delivered);
        var node = victim == "alice" ? alice : bob;
        await node.StopAsync();
        Execute(node, $"UPDATE segment SET {damage} WHERE position IN ({positions})");
        await node.StartAgainAsync();

        await RunningNode.WaitUntilAsync(async () => await CountReadableAsync(node) == Texts.Length, "all is readable again");

        Assert.Equal(Texts, (await ReceiveAsync(node)).Select(message => message.Entry.Content.Text));
        await node.StopAsync();
        await node.StartAgainAsync();
        Assert.Equal(Texts, (await ReceiveAsync(node)).Select(message => message.Entry.Content.Text));
    }

    [Fact]
    public async Task What_comes_after_the_repair_arrives_as_before()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Known, alice.PeerText("alice"));
        await alice.AddAsync(bob.PeerText("bob"));
        foreach (var text in Texts)
            await alice.SendAsync("bob", text, request => request.WaitFor = Protocol.DeliveryState.Delivered);
        // Restarted, so that nothing is in memory.
        await bob.StopAsync();
        Execute(bob, "UPDATE segment SET body = zeroblob(length(body)) WHERE position = 2");
        await bob.StartAgainAsync();

        await RunningNode.WaitUntilAsync(async () => await CountReadableAsync(bob) == Texts.Length, "all is readable again");
        await alice.SendAsync("bob", "five", request => request.WaitFor = Protocol.DeliveryState.Delivered);

        Assert.Equal([.. Texts, "five"], (await bob.ReceiveAsync(5)).Select(message => message.Entry.Content.Text));
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
        using var connection = new SqliteConnection($"Data Source={Directory.GetFiles(node.DataDirectory, "*.db").Single()};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.NotEqual(0, command.ExecuteNonQuery());
    }
}
