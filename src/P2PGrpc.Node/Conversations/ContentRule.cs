using System.Text;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Conversations;

/// <summary>Checks what somebody wants to send. Pure.</summary>
internal static class ContentRule
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Refuses content beyond the limits, with the field's name.</summary>
    /// <exception cref="NodeRequestException">INVALID_ARGUMENT.</exception>
    public static void Check(Content content)
    {
        switch (content.BodyCase)
        {
            case Content.BodyOneofCase.Text when content.Text.Length == 0:
                throw NodeRequestException.Invalid("text", "The text is empty. Give at least one character.");
            // A character takes three bytes at most: those of short texts need not be counted.
            case Content.BodyOneofCase.Text when content.Text.Length > ContentLimits.BodyLength / 3 && Encoding.UTF8.GetByteCount(content.Text) > ContentLimits.BodyLength:
                throw TooLong("text");
            case Content.BodyOneofCase.Text when !IsWellFormed(content.Text):
                throw Malformed("text");
            case Content.BodyOneofCase.Text when content.ContentType.Length > 0:
                throw NodeRequestException.Invalid("content_type", "A content_type goes with data, not with text.");
            case Content.BodyOneofCase.Data when content.Data.IsEmpty:
                throw NodeRequestException.Invalid("data", "The data is empty. Give at least one byte.");
            case Content.BodyOneofCase.Data when content.Data.Length > ContentLimits.BodyLength:
                throw TooLong("data");
            case Content.BodyOneofCase.Data when content.ContentType.Length == 0:
                throw NodeRequestException.Invalid("content_type", "Data needs a content_type, such as application/octet-stream.");
            case Content.BodyOneofCase.None:
                throw NodeRequestException.Invalid("text", "The message is empty. Give text, or data with a content_type.");
        }

        if (content.ContentType.Any(char.IsControl))
            throw NodeRequestException.Invalid("content_type", "A content_type holds no control characters. Give a media type or a Protobuf full name.");
        if (Encoding.UTF8.GetByteCount(content.ContentType) > ContentLimits.ContentTypeLength)
            throw NodeRequestException.Invalid("content_type", $"A content_type has at most {ContentLimits.ContentTypeLength} bytes.");
        if (!IsWellFormed(content.ContentType))
            throw Malformed("content_type");
        if (!IsWellFormed(content.MessageId))
            throw Malformed("message_id");
        if (Encoding.UTF8.GetByteCount(content.MessageId) > ContentLimits.MessageIdLength)
            throw NodeRequestException.Invalid("message_id", $"A message_id has at most {ContentLimits.MessageIdLength} bytes.");
        CheckHeaders(content);
        // What is known of it is bounded by now. Fields that this version does not know count, too, and are kept.
        if (SegmentBodyBuilder.EncodedLength(EntryWriter.EntryLength(content.CalculateSize())) > LogLimits.BodyLength)
            throw NodeRequestException.Invalid("content", "With the fields that this node does not know the message is too long. Leave them out, or update the node.");
    }

    private static void CheckHeaders(Content content)
    {
        if (content.Headers.Count == 0)
            return;
        if (content.Headers.Count > ContentLimits.HeaderCount)
            throw NodeRequestException.Invalid("headers", $"A message has at most {ContentLimits.HeaderCount} headers.");
        var length = 0;
        foreach (var (name, value) in content.Headers)
        {
            if (name.Length == 0)
                throw NodeRequestException.Invalid("headers", "A header's name is empty.");
            if (!IsWellFormed(name) || !IsWellFormed(value))
                throw Malformed("headers");
            length += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
        }

        if (length > ContentLimits.HeaderLength)
            throw NodeRequestException.Invalid("headers", $"All headers together have at most {ContentLimits.HeaderLength} bytes; these have {length}.");
    }

    // Of callers in this process: what came over a wire was made of UTF-8. It would be written as another text than was given.
    private static bool IsWellFormed(string text)
    {
        try
        {
            return !text.AsSpan().ContainsAnyInRange('\ud800', '\udfff') || Strict.GetByteCount(text) >= 0;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    private static NodeRequestException Malformed(string field) => NodeRequestException.Invalid(
        field, "That is no valid text: it holds half a character (a lone surrogate). Send bytes as data, with a content_type.");

    private static NodeRequestException TooLong(string field) => NodeRequestException.Invalid(
        field, $"A message has at most {ContentLimits.BodyLength} bytes. Send larger things in parts, or by a link to where they are.");
}
