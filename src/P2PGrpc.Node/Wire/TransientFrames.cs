using Google.Protobuf;
using P2PGrpc.Core.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>Ephemeral messages, credit and pings on the wire: the frames that leave nothing behind. Pure.</summary>
internal static class TransientFrames
{
    /// <summary>Checks the conversation's size and the number of messages. Whether the conversation is shared with the sender is for the
    /// link to know, and whether a message parses for who shows it.</summary>
    public static bool TryRead(Ephemeral message, out EphemeralBody messages, out string fault)
    {
        var count = SegmentBodyReader.Count(message.Body.Span);
        var read = ConversationId.TryRead(message.Conversation.Span, out var conversation) && count is > 0 and <= FrameLimits.EphemeralEntries;
        messages = read ? new EphemeralBody(conversation, message.Body.Memory, count) : default;
        fault = read ? "" : "an Ephemeral is malformed";
        return read;
    }

    public static bool TryRead(Credit message, out long bytes, out string fault)
    {
        var read = message.Bytes is > 0 and <= (ulong)FrameLimits.CreditBytes;
        bytes = read ? (long)message.Bytes : 0;
        fault = read ? "" : "a Credit is out of range";
        return read;
    }

    /// <summary>Writes messages that are encoded already, as a SegmentBody.</summary>
    public static Frame Write(ConversationId conversation, ReadOnlyMemory<byte> body) => new()
    {
        Ephemeral = new Ephemeral
        {
            Conversation = UnsafeByteOperations.UnsafeWrap(conversation.Value.ToArray()),
            Body = UnsafeByteOperations.UnsafeWrap(body),
        },
    };

    public static Frame WriteCredit(long bytes) => new() { Credit = new Credit { Bytes = (ulong)bytes } };

    public static Frame WritePing(ulong number, bool reply) => new() { Ping = new Ping { Number = number, Reply = reply } };
}
