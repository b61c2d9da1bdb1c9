using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Protocol;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;

namespace P2PGrpc.Node.Wire;

/// <summary>What a member says of a room: sizes checked, signatures not.</summary>
/// <param name="Conversation">The room.</param>
/// <param name="Records">Where members listen.</param>
/// <param name="Neighbours">Links of the sender that share the room.</param>
/// <param name="KnownMembers">Other members that the sender knows.</param>
internal sealed record MembersMessage(ConversationId Conversation, IReadOnlyList<AddressRecord> Records, int Neighbours, int KnownMembers);

/// <summary>Members and address records on the wire. Pure.</summary>
internal static class MembersFrames
{
    public static bool TryRead(Members message, out MembersMessage? members, out string fault)
    {
        members = null;
        fault = "";
        if (!ConversationId.TryRead(message.Conversation.Span, out var conversation))
            fault = "a Members names no conversation";
        else if (message.Records.Count > FrameLimits.MemberRecords)
            fault = "a Members holds more records than a frame may";
        if (fault.Length > 0)
            return false;
        var records = new List<AddressRecord>(message.Records.Count);
        foreach (var record in message.Records)
        {
            if (!TryRead(conversation, record, out var read))
            {
                fault = "an address record is malformed";
                return false;
            }

            records.Add(read!);
        }

        members = new MembersMessage(
            conversation, records, (int)Math.Min(message.Neighbours, FrameLimits.MemberCount), (int)Math.Min(message.Members_, FrameLimits.MemberCount));
        return true;
    }

    public static Frame Write(MembersMessage members)
    {
        var message = new Members
        {
            Conversation = UnsafeByteOperations.UnsafeWrap(members.Conversation.Value.ToArray()),
            Neighbours = (uint)members.Neighbours,
            Members_ = (uint)members.KnownMembers,
        };
        message.Records.Add(members.Records.Select(WriteRecord));
        return new Frame { Members = message };
    }

    /// <summary>A record of a room; its signature is not checked.</summary>
    public static bool TryRead(ConversationId conversation, Protocol.AddressRecord message, out AddressRecord? record)
    {
        record = null;
        if (!PeerId.TryRead(message.PeerId.Span, out var peer) || message.Signature.Length != IdentityKey.SignatureLength)
            return false;
        var read = new AddressRecord(conversation, peer, message.Sequence, [.. message.Addresses], message.Signature.Memory);
        if (!read.IsWellFormed())
            return false;
        record = read;
        return true;
    }

    public static Protocol.AddressRecord WriteRecord(AddressRecord record) => new()
    {
        PeerId = UnsafeByteOperations.UnsafeWrap(record.Peer.ToArray()),
        Sequence = record.Sequence,
        Addresses = { record.Addresses },
        Signature = UnsafeByteOperations.UnsafeWrap(record.Signature),
    };
}
