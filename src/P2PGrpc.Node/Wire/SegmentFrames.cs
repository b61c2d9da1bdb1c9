using Google.Protobuf;
using Google.Protobuf.Collections;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Protocol;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Node.Wire;

/// <summary>Segments on the wire: the only frame that carries what gets stored, so all that a segment alone can prove is checked here.
/// Thread-safe.</summary>
internal static class SegmentFrames
{
    /// <summary>Checks sizes, body hashes and signatures of all segments, in parallel where there are several. One fault refuses the
    /// frame.</summary>
    /// <param name="message">What arrived.</param>
    /// <param name="direct">The direct conversation of the link's ends. All others are rooms, whose logs begin with the author's admission.</param>
    /// <param name="segments">Header and body of each segment, in order; no body where it was erased. Bodies share the message's memory.</param>
    /// <param name="fault">What is wrong, or empty.</param>
    public static bool TryRead(
        Segments message, ConversationId direct, out IReadOnlyList<(SegmentHeader Header, ReadOnlyMemory<byte>? Body)> segments, out string fault) =>
        TryRead(message.Segments_, direct, out segments, out fault);

    /// <summary>The same for segments of another frame.</summary>
    public static bool TryRead(
        RepeatedField<Segment> messages, ConversationId direct, out IReadOnlyList<(SegmentHeader Header, ReadOnlyMemory<byte>? Body)> segments, out string fault)
    {
        segments = [];
        if (messages.Count is 0 or > FrameLimits.Segments)
        {
            fault = "a frame has no segments or too many";
            return false;
        }

        var read = new (SegmentHeader, ReadOnlyMemory<byte>?)[messages.Count];
        fault = read.Length == 1 ? FindFault(messages[0], direct, out read[0]) ?? "" : ReadAll(messages, direct, read);
        if (fault.Length != 0)
            return false;
        segments = read;
        return true;
    }

    /// <summary>Segments without a body are those whose body was erased.</summary>
    public static Frame Write(IEnumerable<(SegmentHeader Header, ReadOnlyMemory<byte>? Body)> segments)
    {
        var message = new Segments();
        message.Segments_.Add(Encode(segments));
        return new Frame { Segments = message };
    }

    public static IEnumerable<Segment> Encode(IEnumerable<(SegmentHeader Header, ReadOnlyMemory<byte>? Body)> segments) => segments.Select(segment => segment.Body is { } bytes
        ? new Segment { Header = SegmentCodec.Write(segment.Header), Body = UnsafeByteOperations.UnsafeWrap(bytes) }
        : new Segment { Header = SegmentCodec.Write(segment.Header), Erased = true });

    private static string ReadAll(RepeatedField<Segment> messages, ConversationId direct, (SegmentHeader Header, ReadOnlyMemory<byte>? Body)[] read)
    {
        var firstFault = "";
        Parallel.For(0, read.Length, (index, state) =>
        {
            if (FindFault(messages[index], direct, out read[index]) is not { } found)
                return;
            Volatile.Write(ref firstFault, found);
            state.Stop();
        });
        return firstFault;
    }

    private static string? FindFault(Segment message, ConversationId direct, out (SegmentHeader Header, ReadOnlyMemory<byte>? Body) read)
    {
        read = default;
        if (SegmentCodec.Read(message.Header) is not { } header)
            return "a segment's header is malformed";
        // The hash first: it costs less than the signature where the body is small, and tells line damage from forgery.
        if (message.Erased ? message.Body.Length > 0 : !SegmentVerification.BodyMatches(header, message.Body.Span))
            return "a segment's body is not the one that its header names";
        if (SegmentVerification.FindFault(header) is { } fault)
            return $"in a segment {fault}";
        if (header.FirstSequence == 1 && header.Log.Conversation != direct && !RoomAdmission.IsGiven(header))
            return "a room's log begins without an admission of its author";
        read = (header, message.Erased ? (ReadOnlyMemory<byte>?)null : message.Body.Memory);
        return null;
    }
}
