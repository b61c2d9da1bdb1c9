using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.History;
using P2PGrpc.Protocol;
using Xunit;
using RetentionAdministration = P2PGrpc.Node.Api.RetentionAdministration;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>Data directories that older versions really wrote go on with this one: who the node is, whom it knows, what was said, and what waits to be delivered.</summary>
public sealed class UpgradeTests
{
    /// <summary>Every version that there ever was, and today's, as the last release wrote it.</summary>
    public static TheoryData<int> Versions => [.. Enumerable.Range(1, (int)Schema.Version)];

    [Theory]
    [MemberData(nameof(Versions))]
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
        if (schema >= 4)
            await CheckSettingsAsync(alice);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task The_tables_of_an_older_version_become_those_of_a_new_database(int schema)
    {
        var folder = await OlderData.UnpackAsync(schema);
        await using (var older = Open(folder, SqliteOpenMode.ReadWrite))
        {
            await using var created = new SqliteConnection("Data Source=:memory:");
            await created.OpenAsync(TestContext.Current.CancellationToken);
            Schema.Apply(older, "older");
            Schema.Apply(created, "created");
            var tables = ReadTables(created);
            Assert.True(tables.Count > 15, $"only {tables.Count} tables and indexes");
            Assert.Equal(tables, ReadTables(older));
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task CheckRoomAsync(RunningNode alice, RunningNode bob)
    {
        Assert.Equal("friends", Assert.Single(bob.Runtime.RoomAdministration.List(includeLeft: false)).Name);
        await alice.SendAsync("#friends", "still here?");
        await RunningNode.WaitUntilAsync(
            async () => HistoryNode.Texts((await bob.ListAsync("#friends")).Batches) is ["hello all", "hello from bob", "still here?"], "bob holds all of the room");
    }

    private static async Task CheckSettingsAsync(RunningNode alice)
    {
        Assert.Equal(30u, new RetentionAdministration(alice.Runtime.Retention, alice.Runtime.Recipients).Get("#friends").KeepDays);
        Assert.Equal("carol", Assert.Single(alice.Runtime.InviteAdministration.List()).Alias);
        // What had been read is: only the answer of today is not.
        Assert.Equal(1ul, (await alice.ListConversationsAsync()).Single(conversation => conversation.Peer == "bob").Unread);
    }

    private static long ReadVersion(string folder)
    {
        using var connection = Open(folder, SqliteOpenMode.ReadOnly);
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }

    // Each with the statement that made it, but for the space in it.
    private static List<string> ReadTables(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name || ': ' || replace(replace(ifnull(sql, ''), ' ', ''), char(10), '') FROM sqlite_schema ORDER BY name";
        using var rows = command.ExecuteReader();
        var tables = new List<string>();
        while (rows.Read())
            tables.Add(rows.GetString(0));
        return tables;
    }

    private static SqliteConnection Open(string folder, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "alice", "p2pgrpc.db")};Mode={mode};Pooling=False");
        connection.Open();
        return connection;
    }
}
