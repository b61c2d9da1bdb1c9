using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.History;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>Data directories that older versions really wrote go on with this one: who the node is, whom it knows, what was said, and what waits to be delivered.</summary>
public sealed class UpgradeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_data_directory_of_an_older_version_is_taken_over_with_all_that_is_in_it(int schema)
    {
        var (alicesFolder, bobsFolder) = (await OlderData.UnpackAsync(schema), await OlderData.UnpackAsync(schema));
        Assert.Equal(schema, ReadVersion(alicesFolder));
        await using var alice = await RunningNode.StartInAsync("alice", alicesFolder);
        Assert.Equal(Schema.Version, ReadVersion(alicesFolder));
        var held = await alice.ReceiveAsync(4, request => (request.IncludeOwn, request.Conversation) = (true, "bob"));
        Assert.Equal(["hello alice", "hello bob", "sent while bob was away", "with an id"], held.Select(message => message.Entry.Content.Text).Order());
        Assert.Equal(1ul, alice.Find("bob")!.Undelivered);

        // What was sent before with this message_id is the same message still.
        var (batch, entry) = held.Single(message => message.Entry.Content.Text == "with an id");
        var again = await alice.SendAsync("bob", "with an id", request => request.MessageId = "order-1");
        Assert.Equal($"{batch.Log}/{batch.FirstSequence + (ulong)batch.Messages.IndexOf(entry)}", again.Reference);

        await using var bob = await RunningNode.StartInAsync("bob", bobsFolder);
        Assert.Equal(Assert.Single(alice.Runtime.Administration.List()).PeerId, bob.Id);
        await alice.AddAsync($"bob={bob.Id}@127.0.0.1:{bob.Port}");
        await bob.SendAsync("alice", "an answer", request => request.WaitFor = DeliveryState.Delivered);
        var next = await alice.ReceiveAsync(1, request => (request.StartAt, request.Consumer) = (StartAt.Unspecified, "reader"));
        Assert.Equal("an answer", Assert.Single(next).Entry.Content.Text);
        var received = (await bob.ReceiveAsync(3, request => request.Conversation = "alice")).Select(message => message.Entry.Content.Text);
        Assert.Equal(["hello bob", "with an id", "sent while bob was away"], received);
        if (schema >= 3)
            await CheckRoomAsync(alice, bob);
    }

    private static async Task CheckRoomAsync(RunningNode alice, RunningNode bob)
    {
        Assert.Equal("friends", Assert.Single(bob.Runtime.RoomAdministration.List(includeLeft: false)).Name);
        await alice.SendAsync("#friends", "still here?");
        await RunningNode.WaitUntilAsync(
            async () => HistoryNode.Texts((await bob.ListAsync("#friends")).Batches) is ["hello all", "hello from bob", "still here?"], "bob holds all of the room");
    }

    private static long ReadVersion(string folder)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "alice", "p2pgrpc.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }
}
