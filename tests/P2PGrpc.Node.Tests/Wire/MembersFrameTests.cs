using System.Buffers;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;

namespace P2PGrpc.Node.Tests.Wire;

public sealed class MembersFrameTests : IDisposable
{
    private readonly IdentityKey alice = StoreFixture.MakeKey(1);

    private ConversationId Room => ConversationId.Direct(alice.PeerId, alice.PeerId);

    public void Dispose() => alice.Dispose();

    [Fact]
    public void The_fullest_frame_that_may_be_written_is_read()
    {
        var longest = Enumerable.Range(0, AddressRecord.AddressCount).Select(number => new string('a', AddressRecord.AddressLength - 1) + number).ToArray();
        var records = Enumerable.Range(1, FrameLimits.MemberRecords).Select(sequence => AddressRecord.Sign(alice, Room, (ulong)sequence, longest)).ToList();
        var inbound = LinkMethod.ReadRequest(Encode(MembersFrames.Write(new MembersMessage(Room, records, 6, 40))));
        Assert.True(MembersFrames.TryRead(inbound.Frame!.Members, out var read, out var fault), fault);
        Assert.Equal((Room, 6, 40), (read!.Conversation, read.Neighbours, read.KnownMembers));
        Assert.Equal(records.Select(record => record.Sequence), read.Records.Select(record => record.Sequence));
        Assert.All(read.Records, record => Assert.True(record.IsSigned()));
        Assert.All(read.Records, record => Assert.Equal(longest, record.Addresses));
    }

    [Fact]
    public void What_is_malformed_or_too_much_is_refused_with_a_reason()
    {
        Refuse(members => members.Conversation = ByteString.Empty);
        Refuse(members => members.Records.Add(Enumerable.Repeat(members.Records[0], FrameLimits.MemberRecords)));
        Refuse(members => members.Records[0].PeerId = ByteString.CopyFrom(1));
        Refuse(members => members.Records[0].Signature = ByteString.CopyFrom(1));
        Refuse(members => members.Records[0].Sequence = 0);
        Refuse(members => members.Records[0].Sequence = LogLimits.Sequence);
        Refuse(members => members.Records[0].Addresses.Clear());
        Refuse(members => members.Records[0].Addresses.Add(Enumerable.Repeat("host:1", AddressRecord.AddressCount)));
        Refuse(members => members.Records[0].Addresses[0] = "");
        Refuse(members => members.Records[0].Addresses[0] = "host\u0007:1");
    }

    [Fact]
    public void Counts_without_bounds_are_read_as_large_ones()
    {
        var frame = new Members { Conversation = ByteString.CopyFrom(Room.Value.ToArray()), Neighbours = uint.MaxValue, Members_ = uint.MaxValue };
        Assert.True(MembersFrames.TryRead(frame, out var read, out _));
        Assert.Equal((FrameLimits.MemberCount, FrameLimits.MemberCount), (read!.Neighbours, read.KnownMembers));
    }

    /// <summary>V2: what would unfold into many objects is counted before it is parsed.</summary>
    [Fact]
    public void V2_Addresses_by_the_thousands_are_refused_before_they_are_read()
    {
        var record = new Protocol.AddressRecord { Addresses = { Enumerable.Repeat("", 2000) } };
        Assert.Null(LinkMethod.ReadRequest(Encode(new Frame { Members = new Members { Records = { record } } })).Frame);
    }

    private void Refuse(Action<Members> change)
    {
        var frame = MembersFrames.Write(new MembersMessage(Room, [AddressRecord.Sign(alice, Room, 1, ["host:1"])], 0, 0)).Members;
        Assert.True(MembersFrames.TryRead(frame, out _, out _));
        change(frame);
        Assert.False(MembersFrames.TryRead(frame, out _, out var fault));
        Assert.NotEmpty(fault);
    }

    private static ReadOnlySequence<byte> Encode(Frame frame) => new(new LinkRequest { Frame = frame }.ToByteArray());
}
