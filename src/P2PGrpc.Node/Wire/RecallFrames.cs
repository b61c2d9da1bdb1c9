using Google.Protobuf;
using P2PGrpc.Core.Logs;
using P2PGrpc.Protocol;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Node.Wire;

/// <summary>A question for what lies at the end of a conversation, before a position of the asked node's feed; 0 for its end.</summary>
internal readonly record struct RecallQuestion(ConversationId Conversation, ulong Before, ulong Number);

/// <summary>What a node holds at the end of a conversation, or before a position of its feed.</summary>
/// <param name="Segments">The last to have come first.</param>
/// <param name="Before">The position before which to go on; 0 if there is nothing more.</param>
internal sealed record RecalledStretch(IReadOnlyList<(SegmentHeader Header, ReadOnlyMemory<byte> Body)> Segments, ulong Before);

/// <summary>Recall and Recalled on the wire: a look at the end of a conversation ahead of replication. Thread-safe.</summary>
internal static class RecallFrames
{
    public static bool TryRead(Recall message, out RecallQuestion question, out string fault)
    {
        var read = ConversationId.TryRead(message.Conversation.Span, out var conversation) && message.Before < FrameLimits.Position;
        question = read ? new RecallQuestion(conversation, message.Before, message.Number) : default;
        fault = read ? "" : "a Recall is malformed";
        return read;
    }

    /// <summary>Checks an answer to a question: its segments as <see cref="SegmentFrames"/> does, that all of them are of the conversation, and that it leads on towards the
    /// beginning.</summary>
    /// <param name="message">What arrived.</param>
    /// <param name="question">What was asked.</param>
    /// <param name="direct">The direct conversation of the link's ends.</param>
    /// <param name="stretch">What was answered. Bodies share the message's memory.</param>
    /// <param name="fault">What is wrong, or empty.</param>
    public static bool TryRead(Recalled message, RecallQuestion question, ConversationId direct, out RecalledStretch stretch, out string fault)
    {
        stretch = new RecalledStretch([], 0);
        fault = "a Recalled answers something else, has too many segments, or does not lead on";
        if (!ConversationId.TryRead(message.Conversation.Span, out var conversation)
            || conversation != question.Conversation
            || message.Segments.Count > FrameLimits.RecalledSegments
            || message.Before >= (question.Before == 0 ? FrameLimits.Position : question.Before))
            return false;
        IReadOnlyList<(SegmentHeader Header, ReadOnlyMemory<byte>? Body)> segments = [];
        if (message.Segments.Count > 0 && !SegmentFrames.TryRead(message.Segments, direct, out segments, out fault))
            return false;
        fault = "a Recalled holds segments of another conversation, or without their bodies";
        if (segments.Any(segment => segment.Header.Log.Conversation != question.Conversation || segment.Body is null))
            return false;
        fault = "";
        stretch = new RecalledStretch([.. segments.Select(segment => (segment.Header, segment.Body!.Value))], message.Before);
        return true;
    }

    public static Frame Write(RecallQuestion question) => new()
    {
        Recall = new Recall { Conversation = Wrap(question.Conversation), Before = question.Before, Number = question.Number },
    };

    public static Frame Write(RecallQuestion question, RecalledStretch answer)
    {
        var message = new Recalled { Conversation = Wrap(question.Conversation), Number = question.Number, Before = answer.Before };
        message.Segments.Add(SegmentFrames.Encode(answer.Segments.Select(segment => (segment.Header, (ReadOnlyMemory<byte>?)segment.Body))));
        return new Frame { Recalled = message };
    }

    private static ByteString Wrap(ConversationId conversation) => UnsafeByteOperations.UnsafeWrap(conversation.Value.ToArray());
}
