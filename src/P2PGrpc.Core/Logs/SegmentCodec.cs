using Google.Protobuf;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Logs;

/// <summary>Between Protobuf messages and the types of this namespace. Refuses wrong sizes, so that what comes out is well-formed.</summary>
internal static class SegmentCodec
{
    public static bool TryRead(Protocol.LogKey? message, out LogKey log)
    {
        log = default;
        if (message is null
            || !ConversationId.TryRead(message.Conversation.Span, out var conversation)
            || !PeerId.TryRead(message.Author.Span, out var author))
            return false;
        log = new LogKey(conversation, author, message.Epoch);
        return true;
    }

    public static Protocol.LogKey Write(LogKey log) => new()
    {
        Conversation = Wrap(log.Conversation.Value),
        Author = Wrap(log.Author.Value),
        Epoch = log.Epoch,
    };

    public static bool TryRead(Protocol.Head? message, out Head head)
    {
        head = default;
        if (message is null || message.Sequence >= LogLimits.Sequence || !Bytes32.TryRead(message.Hash.Span, out var hash))
            return false;
        head = new Head(message.Sequence, hash);
        return true;
    }

    public static Protocol.Head Write(Head head) => new() { Sequence = head.Sequence, Hash = Wrap(head.Hash) };

    /// <summary>Null if a field has a size or value that no segment can have. The signature is not checked here.</summary>
    public static SegmentHeader? Read(Protocol.SegmentHeader? message)
    {
        if (message is null
            || !TryRead(message.Log, out var log)
            || !Bytes32.TryRead(message.Previous.Span, out var previous)
            || !Bytes32.TryRead(message.BodyHash.Span, out var bodyHash)
            || message.Signature.Length != IdentityKey.SignatureLength
            || message.Opening.Length > LogLimits.OpeningLength
            || message.Count is 0 or > LogLimits.EntryCount
            || message.BodyLength > LogLimits.BodyLength
            || message.FirstSequence is 0 or >= LogLimits.Sequence
            || message.Cipher > byte.MaxValue)
            return null;
        return SegmentHeader.FromParts(
            log, previous, message.FirstSequence, (int)message.Count, (byte)message.Cipher, message.KeyId,
            (int)message.BodyLength, bodyHash, message.Opening.ToByteArray(), message.Signature.ToByteArray());
    }

    public static Protocol.SegmentHeader Write(SegmentHeader header) => new()
    {
        Log = Write(header.Log),
        Previous = Wrap(header.Previous),
        FirstSequence = header.FirstSequence,
        Count = (uint)header.Count,
        Cipher = header.Cipher,
        KeyId = header.KeyId,
        BodyLength = (uint)header.BodyLength,
        BodyHash = Wrap(header.BodyHash),
        Opening = UnsafeByteOperations.UnsafeWrap(header.Opening),
        Signature = UnsafeByteOperations.UnsafeWrap(header.Signature),
    };

    private static ByteString Wrap(Bytes32 value) => UnsafeByteOperations.UnsafeWrap(value.ToArray());
}
