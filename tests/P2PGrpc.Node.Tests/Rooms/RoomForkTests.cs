using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Protocol;
using Xunit;
using Head = P2PGrpc.Core.Logs.Head;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using Opening = P2PGrpc.Protocol.Opening;
using RoomTicket = P2PGrpc.Core.Rooms.RoomTicket;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Node.Tests.Rooms;

/// <summary>S4: a member that signs two segments at one place, and gives each side another.</summary>
public sealed class RoomForkTests : IDisposable
{
    private readonly IdentityKey forker = StoreFixture.MakeKey(9);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => forker.Dispose();

    /// <summary>A chain of four, of which the two in the middle hold the two branches, and the last comes when all is over.</summary>
    [Fact]
    public async Task S4_Every_member_gets_the_proof_and_keeps_what_came_before_the_fork()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var carol = await RunningNode.StartAsync("carol");
        await using var dave = await RunningNode.StartAsync("dave");
        var ticket = (await alice.Runtime.RoomAdministration.CreateAsync("friends", Token)).Ticket;
        await bob.Runtime.RoomAdministration.JoinAsync(ticket, "", Token);
        await carol.Runtime.RoomAdministration.JoinAsync(bob.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
        var branches = SignBranches(RoomTicket.Parse(ticket, out _)!.Secret);
        await Task.WhenAll(bob.StopAsync(), carol.StopAsync());
        await StoreAsync(bob, branches.Before, branches.One);
        await StoreAsync(carol, branches.Before, branches.Other);
        await Task.WhenAll(bob.StartAgainAsync(), carol.StartAgainAsync());

        RunningNode[] first = [alice, bob, carol];
        foreach (var node in first)
            await WaitForProofAsync(node);
        await dave.Runtime.RoomAdministration.JoinAsync(carol.Runtime.RoomAdministration.WriteTicket("friends"), "", Token);
        await WaitForProofAsync(dave);
        foreach (var node in first.Append(dave))
        {
            var read = await node.ReceiveAsync(1, request => request.Conversation = "#friends");
            Assert.Equal("before the fork", read[0].Entry.Content.Text);
        }
    }

    private ((SegmentHeader Header, byte[] Body) Before, (SegmentHeader Header, byte[] Body) One, (SegmentHeader Header, byte[] Body) Other) SignBranches(RoomSecret secret)
    {
        var log = new LogKey(secret.Conversation, forker.PeerId, 7);
        var opening = new Opening { Admission = ByteString.CopyFrom(secret.Admit(forker.PeerId)) }.ToByteArray();
        var before = Sign(log, log.ToLogId().Empty, "before the fork", opening);
        return (before, Sign(log, before.Header.Head, "for bob", []), Sign(log, before.Header.Head, "for carol", []));
    }

    private (SegmentHeader Header, byte[] Body) Sign(LogKey log, Head after, string text, byte[] opening)
    {
        var body = new SegmentBody { Entries = { new Entry { Content = new Content { Text = text } } } }.ToByteArray();
        return (SegmentHeader.Sign(forker, log, after, 1, body, opening), body);
    }

    /// <summary>Puts segments into a stopped node's database, as if they had come from the forker.</summary>
    private static async Task StoreAsync(RunningNode node, params (SegmentHeader Header, byte[] Body)[] segments)
    {
        var directory = DataDirectory.Open(node.DataDirectory);
        using var identity = IdentityFile.LoadOrCreate(directory.IdentityPath);
        await using (var store = LogStore.Open(new LogStoreOptions { DatabasePath = directory.DatabasePath }, identity, TimeProvider.System, NullLogger<LogStore>.Instance))
        {
            foreach (var (header, body) in segments)
                store.Store(header, new SegmentBytes(body), 0);
            await store.WaitBeyondAsync(store.LastPosition + (ulong)segments.Length - 1, Token);
        }

        directory.Dispose();
    }

    private static Task WaitForProofAsync(RunningNode node) => RunningNode.WaitUntilAsync(
        () => node.Runtime.Store.Query(connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM fork_proof JOIN log ON log.id = fork_proof.log WHERE log.frozen = 1";
            return (long)command.ExecuteScalar()! == 1;
        }),
        $"{node.Name} holds the proof");
}
