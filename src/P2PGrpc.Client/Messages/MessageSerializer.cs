using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf;

namespace P2PGrpc.Client;

/// <summary>Typed messages: texts, Protobuf messages, and everything else as JSON. Thread-safe.</summary>
internal sealed class MessageSerializer(JsonSerializerOptions? options)
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web) { TypeInfoResolver = FindResolver() };

    private readonly JsonSerializerOptions json = Complete(options ?? Web);

    public OutgoingMessage Write<T>(T value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value switch
        {
            OutgoingMessage ready => ready,
            string text => OutgoingMessage.FromText(text),
            IMessage message => OutgoingMessage.FromProtobuf(message),
            byte[] or Memory<byte> or ReadOnlyMemory<byte> or ArraySegment<byte> or Stream => throw new ArgumentException(
                "Bytes are no typed message, since nobody could tell what they are: send OutgoingMessage.FromData(bytes, contentType).", nameof(value)),
            Task or ValueTask => throw new ArgumentException("A task is no message: await it, and send what it gives.", nameof(value)),
            _ when typeof(T) is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ValueTask<>) => throw new ArgumentException(
                "A task is no message: await it, and send what it gives.", nameof(value)),
            ReceivedMessage => throw new ArgumentException(
                "A received message is no typed message: send what it holds, as OutgoingMessage.FromText(message.Text) or "
                + "OutgoingMessage.FromData(message.Data, message.ContentType).",
                nameof(value)),
            _ => OutgoingMessage.FromJson(value, Describe<T>()),
        };
    }

    /// <exception cref="MessageFormatException">It is not what was received.</exception>
    public T Read<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(ReceivedMessage message)
    {
        if (typeof(T) == typeof(ReceivedMessage))
            return (T)(object)message;
        if (typeof(T) == typeof(string))
            return (T)(object)(message.Text
                ?? throw new MessageFormatException($"The message {message.Reference} is no text: its content type is '{message.ContentType}'."));
        CheckReadable(typeof(T));
        return typeof(IMessage).IsAssignableFrom(typeof(T))
            ? (T)ProtobufBody.Read(message, (IMessage)Activator.CreateInstance<T>()!)
            : JsonBody.Read(message, Describe<T>());
    }

    /// <summary>Whether a message says of itself that it is of this type.</summary>
    public static Func<ReceivedMessage, bool> Matches<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>()
    {
        if (typeof(T) == typeof(ReceivedMessage))
            return _ => true;
        if (typeof(T) == typeof(string))
            return message => message.Text is not null;
        CheckReadable(typeof(T));
        var name = NameOf<T>();
        if (typeof(IMessage).IsAssignableFrom(typeof(T)))
            return message => message.ContentType == name;
        return message => JsonBody.IsJson(message.ContentType)
            && (!message.Headers.TryGetValue(MessageHeaders.MessageType, out var type) || type == name);
    }

    /// <summary>What messages of a type are called: the Protobuf full name, or the type's own.</summary>
    public static string NameOf<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>() =>
        typeof(IMessage).IsAssignableFrom(typeof(T)) ? ((IMessage)Activator.CreateInstance<T>()!).Descriptor.FullName : JsonBody.NameOf<T>();

    /// <exception cref="ArgumentException">Nothing is read as this type.</exception>
    public static void CheckReadable(Type type)
    {
        if (type == typeof(OutgoingMessage) || typeof(Stream).IsAssignableFrom(type)
            || type == typeof(byte[]) || type == typeof(Memory<byte>) || type == typeof(ReadOnlyMemory<byte>) || type == typeof(ArraySegment<byte>))
            throw new ArgumentException($"No message is read as {type.Name}: take a ReceivedMessage, whose Data and ContentType are the bytes and what they are.");
    }

    // Options that say how to write, and not where types are described, are the usual ones. The caller's own must not be changed.
    private static JsonSerializerOptions Complete(JsonSerializerOptions options) =>
        options.TypeInfoResolver is null ? new JsonSerializerOptions(options) { TypeInfoResolver = FindResolver() } : options;

    private JsonTypeInfo<T> Describe<T>() => (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T));

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where reflection is switched off, types come from the resolver that is given.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Where reflection is switched off, types come from the resolver that is given.")]
    private static IJsonTypeInfoResolver FindResolver() =>
        JsonSerializer.IsReflectionEnabledByDefault ? new DefaultJsonTypeInfoResolver() : JsonTypeInfoResolver.Combine();
}
