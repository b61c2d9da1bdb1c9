using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace P2PGrpc.Client;

/// <summary>Values as JSON in the data of a message.</summary>
internal static class JsonBody
{
    public const string ContentType = "application/json";

    /// <summary>What a type is called in <see cref="MessageHeaders.MessageType"/>: without its namespace, which sender and recipient need not share.</summary>
    public static string NameOf<T>() => typeof(T).Name;

    /// <summary>Whether a content type is JSON, with or without parameters, or built on it.</summary>
    public static bool IsJson(string contentType)
    {
        var media = contentType.AsSpan();
        if (media.IndexOf(';') is >= 0 and var end)
            media = media[..end];
        media = media.Trim();
        return media.Equals(ContentType, StringComparison.OrdinalIgnoreCase) || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    /// <exception cref="MessageFormatException">It is not what was received.</exception>
    public static T Read<T>(ReceivedMessage message, JsonTypeInfo<T> typeInfo)
    {
        if (!IsJson(message.ContentType))
            throw new MessageFormatException($"The message {message.Reference} is not JSON: its content type is '{message.ContentType}'.");
        try
        {
            return JsonSerializer.Deserialize(message.Data.Span, typeInfo)
                ?? throw new MessageFormatException($"The message {message.Reference} is null, where {NameOf<T>()} was expected.");
        }
        catch (JsonException fault)
        {
            // Names of properties are the sender's, and a log shows inner exceptions, too.
            var inner = new JsonException(VisibleText.Escape(fault.Message), fault.Path is null ? null : VisibleText.Escape(fault.Path), fault.LineNumber, fault.BytePositionInLine);
            throw new MessageFormatException($"The message {message.Reference} can't be read as {NameOf<T>()}: {fault.Message}", inner);
        }
    }
}
