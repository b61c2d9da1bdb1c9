using System.Security.Cryptography;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Head = P2PGrpc.Core.Logs.Head;
using LogHead = P2PGrpc.Core.Replication.LogHead;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>Whom a member may speak of.</summary>
internal sealed record PeerIds(PeerId Victim);

/// <summary>Segments of an attacker's own log of its conversation with a node: rightly signed, whatever they say.</summary>
internal sealed class SegmentFactory
{
    private readonly IdentityKey key;
    private Head head;

    public SegmentFactory(IdentityKey key, PeerId other)
    {
        this.key = key;
        Log = new LogKey(ConversationId.Direct(key.PeerId, other), key.PeerId, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        head = Log.ToLogId().Empty;
    }

    public LogKey Log { get; }

    /// <summary>A segment of one text of this length that follows the one before.</summary>
    public (SegmentHeader Header, ReadOnlyMemory<byte> Body) Next(int length)
    {
        var segment = Make(head, new string('m', length));
        head = segment.Header.Head;
        return segment;
    }

    /// <summary>A segment in the place of the next one: the place stays free.</summary>
    public (SegmentHeader Header, ReadOnlyMemory<byte> Body) Make(Head after, string text)
    {
        var builder = new SegmentBodyBuilder();
        builder.TryAdd(new Entry { Clock = 1, Content = new Content { Text = text } }.ToByteArray());
        var body = builder.Build();
        return (SegmentHeader.Sign(key, Log, after, 1, body, []), body);
    }

    public Frame Have((SegmentHeader Header, ReadOnlyMemory<byte> Body) segment) =>
        HaveFrames.Write([new LogHead(Log, Log.ToLogId(), segment.Header.Head)], null);

    public static Frame Write(params (SegmentHeader Header, ReadOnlyMemory<byte> Body)[] segments) =>
        SegmentFrames.Write(segments.Select(segment => (segment.Header, (ReadOnlyMemory<byte>?)segment.Body)));
}
