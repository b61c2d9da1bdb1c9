using System.Security.Cryptography;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Tests.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Rooms;

/// <summary>V1, L1: who floods the records that wait for a test keeps nobody else's from theirs.</summary>
public sealed class WaitingRecordsTests
{
    private readonly WaitingRecords waiting = new(new Random(1));
    private readonly PeerId flooder = StoreFixture.MakeKey(1).PeerId;
    private readonly PeerId honest = StoreFixture.MakeKey(2).PeerId;
    private readonly ConversationId crowded = new(MakeId(1));
    private readonly ConversationId quiet = new(MakeId(2));

    [Fact]
    public void L1_A_flood_in_one_room_delays_no_other_room()
    {
        Flood(WaitingRecords.Maximum * 2);
        var newcomer = Make(quiet, 1_000_000);
        waiting.Add(newcomer, honest);
        Flood(WaitingRecords.Maximum * 2, from: 500_000);
        Assert.Equal(WaitingRecords.Maximum, waiting.Count);
        Assert.Contains(newcomer, TakeTwo());
    }

    [Fact]
    public void L1_A_flood_by_one_neighbour_delays_nothing_that_another_tells()
    {
        Flood(WaitingRecords.Maximum * 2);
        var newcomer = Make(crowded, 1_000_000);
        waiting.Add(newcomer, honest);
        Flood(WaitingRecords.Maximum * 2, from: 500_000);
        Assert.Contains(newcomer, TakeTwo());
    }

    [Fact]
    public void A_test_that_failed_is_tried_again_at_growing_intervals_and_not_in_between()
    {
        var record = Make(quiet, 1);
        waiting.Add(record, honest);
        Assert.Same(record, waiting.Take(TimeSpan.Zero, () => true));
        Assert.Null(waiting.Take(TimeSpan.FromSeconds(59), () => true));
        Assert.Null(waiting.Take(TimeSpan.FromSeconds(61), () => false));
        Assert.Same(record, waiting.Take(TimeSpan.FromSeconds(61), () => true));
        Assert.Null(waiting.Take(TimeSpan.FromSeconds(180), () => true));
        Assert.Same(record, waiting.Take(TimeSpan.FromSeconds(182), () => true));
        Assert.True(waiting.Remove(record.Conversation, record.Peer));
        Assert.Null(waiting.Take(TimeSpan.FromDays(1), () => true));
    }

    private AddressRecord?[] TakeTwo() => [waiting.Take(TimeSpan.Zero, () => true), waiting.Take(TimeSpan.Zero, () => true)];

    private void Flood(int count, int from = 0)
    {
        for (var number = from; number < from + count; number++)
            waiting.Add(Make(crowded, number), flooder);
    }

    private static AddressRecord Make(ConversationId room, int number) => new(room, new PeerId(MakeId(number)), 1, ["192.0.2.1:5555"], default);

    private static Bytes32 MakeId(int number) => Bytes32.Read(SHA256.HashData(BitConverter.GetBytes(number)));
}
