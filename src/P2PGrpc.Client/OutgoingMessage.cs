using System.Collections.ObjectModel;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>
/// A message to send: text, or data with its content type. The node checks the limits (a body of 1 byte to 128 KiB, at most
/// 64 headers and 16 KiB of them) and refuses what exceeds them. Headers are added by <see cref="WithHeader"/>, a message_id by <c>with</c>. Immutable.
/// </summary>
public sealed record OutgoingMessage
{
    private static readonly ReadOnlyDictionary<string, string> NoHeaders = ReadOnlyDictionary<string, string>.Empty;

    private OutgoingMessage(string? text, ReadOnlyMemory<byte> data, string contentType)
    {
        Text = text;
        Data = data;
        ContentType = contentType;
    }

    /// <summary>The text; null if the message holds data.</summary>
    public string? Text { get; }

    /// <summary>The bytes; empty if the message is text. They are not copied: don't change them before the message is answered.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>A media type or a Protobuf full name; empty for text.</summary>
    public string ContentType { get; }

    /// <summary>
    /// Small facts about the message for programs: traceparent, correlation ids and the like. A message of JSON keeps its
    /// <see cref="MessageHeaders.MessageType"/> when other headers are set, unless they have another.
    /// </summary>
    public IReadOnlyDictionary<string, string> Headers
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            foreach (var (name, text) in value)
            {
                WellFormedText.Check(name, "A header's name", nameof(value));
                if (text is not null)
                    WellFormedText.Check(text, $"The header {name}", nameof(value));
            }
            field = TypeName is null || value.ContainsKey(MessageHeaders.MessageType)
                ? value
                : new Dictionary<string, string>(value, StringComparer.Ordinal) { [MessageHeaders.MessageType] = TypeName };
        }
    } = NoHeaders;

    /// <summary>
    /// The idempotency key, at most 128 bytes: the same key with the same content is one message, for 7 days. Null (the default):
    /// the client makes a random one, so that its own retries are safe.
    /// </summary>
    public string? MessageId { get; init => field = value is null ? null : WellFormedText.Check(value, "The MessageId", nameof(value)); }

    // What a message of JSON is of, so that it can't be lost with the headers.
    private string? TypeName { get; init; }

    /// <summary>A message of text.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">It holds half a character (a lone surrogate), which no other program could read.</exception>
    public static OutgoingMessage FromText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new OutgoingMessage(WellFormedText.Check(text, "The text", nameof(text)), default, "");
    }

    /// <summary>A message of bytes.</summary>
    /// <param name="data">The bytes. They are not copied: don't change them before the message is answered.</param>
    /// <param name="contentType">What they are: a media type or a Protobuf full name.</param>
    public static OutgoingMessage FromData(ReadOnlyMemory<byte> data, string contentType)
    {
        ArgumentNullException.ThrowIfNull(contentType);
        return new OutgoingMessage(null, data, contentType);
    }

    /// <summary>A Protobuf message: its content type is the message's full name, such as <c>acme.orders.v1.Order</c>.</summary>
    /// <param name="message">The message.</param>
    public static OutgoingMessage FromProtobuf(IMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new OutgoingMessage(null, ProtobufBody.Write(message), message.Descriptor.FullName);
    }

    /// <summary>
    /// A value as JSON: its content type is <c>application/json</c>, and the header <see cref="MessageHeaders.MessageType"/> holds the short name of its type.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="typeInfo">How it is written, from a source-generated context.</param>
    public static OutgoingMessage FromJson<T>(T value, JsonTypeInfo<T> typeInfo)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new OutgoingMessage(null, JsonSerializer.SerializeToUtf8Bytes(value, typeInfo), JsonBody.ContentType)
        {
            TypeName = JsonBody.NameOf<T>(),
            Headers = NoHeaders,
        };
    }

    /// <summary>The same message with one header more, or another value of it.</summary>
    /// <param name="name">The header's name.</param>
    /// <param name="value">Its value.</param>
    public OutgoingMessage WithHeader(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        return WithHeaders((name, value));
    }

    /// <summary>What kind of message it is, without what it says: that belongs in no log.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Text is null ? $"{Data.Length} bytes of {ContentType}" : $"text of {Text.Length} characters")}, {Headers.Count} headers, message_id {MessageId ?? "not given"}");

    /// <summary>The same message with further headers; those of the same name are replaced.</summary>
    internal OutgoingMessage WithHeaders(params ReadOnlySpan<(string Name, string Value)> more)
    {
        var headers = new Dictionary<string, string>(Headers, StringComparer.Ordinal);
        foreach (var (name, value) in more)
            headers[name] = value;
        return this with { Headers = headers };
    }

    /// <summary>A new idempotency key: 128 random bits as 32 hexadecimal digits.</summary>
    internal static string NewMessageId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    internal Content ToContent(string messageId)
    {
        var content = new Content { ContentType = ContentType, MessageId = messageId };
        if (Text is null)
            content.Data = UnsafeByteOperations.UnsafeWrap(Data);
        else
            content.Text = Text;
        foreach (var (name, value) in Headers)
            content.Headers[name] = value;
        return content;
    }

    internal SendRequest ToRequest(string to, string messageId, SendSettings settings)
    {
        var request = new SendRequest { To = to, ContentType = ContentType, MessageId = messageId, Ephemeral = settings.Ephemeral };
        if (Text is null)
            request.Data = UnsafeByteOperations.UnsafeWrap(Data);
        else
            request.Text = Text;
        foreach (var (name, value) in Headers)
            request.Headers[name] = value;
        if (settings.WaitForDelivery)
            request.WaitFor = DeliveryState.Delivered;
        return request;
    }
}
