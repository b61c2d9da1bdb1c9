using System.Globalization;
using P2PGrpc.EndToEnd.Abuse;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;
using RoomTicket = P2PGrpc.Core.Rooms.RoomTicket;

namespace P2PGrpc.EndToEnd.Rooms;

/// <summary>L3, V1: what a member floods a room with goes over the same links as the direct messages of two others.</summary>
[Collection(Alone.Name)]
public sealed class FloodingMemberTests(HonestPair pair) : IClassFixture<HonestPair>
{
    [Fact]
    public async Task L3_A_member_that_floods_a_room_adds_less_than_100_ms_to_the_median_of_direct_messages()
    {
        var room = new TestRoom("friends");
        var secret = RoomTicket.Parse(await room.CreateAsync(pair.Alice), out _)!.Secret;
        await room.JoinAsync(pair.Bob, pair.Alice);
        ProcessWatch[] watches = [new(pair.Alice), new(pair.Bob)];

        await FloodTrial.RunAsync(
            pair,
            () => new Attacker(pair.Alice, pair.Stranger) { Shares = RoomProofs.Give(secret, pair.Stranger.PeerId, pair.AliceId) },
            (attacker, stop) => MemberAttacks.FloodAsync(attacker, () => new SegmentFactory(attacker.Key, secret), stop));

        // Bob has no link with whoever floods: alice passed it on to him.
        var read = await pair.Bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start, Conversation = room.Recipient }, count: 1);
        Assert.Equal(pair.Stranger.PeerId.ToString(), read.Messages[0].Author);
        foreach (var watch in watches)
            Assert.True(watch.PeakMemory < AbuseLimits.Memory, $"{watch.PeakMemory} MiB");
        var stored = (await pair.Bob.Client.Node.GetNodeAsync(new GetNodeRequest())).Position;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"at most {watches[0].PeakMemory} and {watches[1].PeakMemory} MiB; bob stored {stored} messages"));
    }
}
