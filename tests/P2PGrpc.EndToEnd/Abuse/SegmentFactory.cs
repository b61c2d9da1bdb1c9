using System.Security.Cryptography;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Head = P2PGrpc.Core.Logs.Head;
using LogHead = P2PGrpc.Core.Replication.LogHead;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using Opening = P2PGrpc.Protocol.Opening;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>Whom a member may speak of.</summary>
internal sealed record PeerIds(PeerId Victim);

/// <summary>Segments of a log of an attacker's own: rightly signed, whatever they say.</summary>
internal sealed class SegmentFactory
{
    private readonly IdentityKey key;
    private readonly byte[] opening;
    private Head head;

    /// <summary>A log of its conversation with a node.</summary>
    public SegmentFactory(IdentityKey key, PeerId other)
        : this(key, ConversationId.Direct(key.PeerId, other), [])
    {
    }

    /// <summary>A log of a room that admits it.</summary>
    public SegmentFactory(IdentityKey key, RoomSecret room)
        : this(key, room.Conversation, room.Admit(key.PeerId))
    {
    }

    /// <summary>A log of any conversation, with this in the place of the room's admission.</summary>
    public SegmentFactory(IdentityKey key, ConversationId conversation, byte[] admission)
    {
        this.key = key;
        opening = new Opening { Admission = ByteString.CopyFrom(admission) }.ToByteArray();
        Log = new LogKey(conversation, key.PeerId, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        head = Log.ToLogId().Empty;
    }

    public LogKey Log { get; }

    /// <summary>A segment of one text of this length that follows the one before.</summary>
    public (SegmentHeader Header, ReadOnlyMemory<byte> Body) Next(int length) => Next(new string('m', length));

    /// <summary>A segment of this text that follows the one before.</summary>
    public (SegmentHeader Header, ReadOnlyMemory<byte> Body) Next(string text)
    {
        var segment = Make(head, text);
        head = segment.Header.Head;
        return segment;
    }

    /// <summary>A segment in the place of the next one: the place stays free.</summary>
    public (SegmentHeader Header, ReadOnlyMemory<byte> Body) Make(Head after, string text)
    {
        var builder = new SegmentBodyBuilder();
        builder.TryAdd(new Entry { Clock = 1, Content = new Content { Text = text } }.ToByteArray());
        var body = builder.Build();
        return (SegmentHeader.Sign(key, Log, after, 1, body, after.Sequence == 0 ? opening : []), body);
    }

    public Frame Have((SegmentHeader Header, ReadOnlyMemory<byte> Body) segment) =>
        HaveFrames.Write([new LogHead(Log, Log.ToLogId(), segment.Header.Head)], null);

    public static Frame Write(params (SegmentHeader Header, ReadOnlyMemory<byte> Body)[] segments) =>
        SegmentFrames.Write(segments.Select(segment => (segment.Header, (ReadOnlyMemory<byte>?)segment.Body)));
}
