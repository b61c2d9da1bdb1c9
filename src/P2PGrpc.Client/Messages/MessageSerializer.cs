using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf;

namespace P2PGrpc.Client;

/// <summary>Typed messages: texts, Protobuf messages, and everything else as JSON. Thread-safe.</summary>
internal sealed class MessageSerializer(JsonSerializerOptions? options)
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web) { TypeInfoResolver = FindResolver() };

    private readonly JsonSerializerOptions json = options ?? Web;

    public OutgoingMessage Write<T>(T value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value switch
        {
            OutgoingMessage ready => ready,
            string text => OutgoingMessage.FromText(text),
            IMessage message => OutgoingMessage.FromProtobuf(message),
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
        var name = NameOf<T>();
        if (typeof(IMessage).IsAssignableFrom(typeof(T)))
            return message => message.ContentType == name;
        return message => JsonBody.IsJson(message.ContentType)
            && (!message.Headers.TryGetValue(MessageHeaders.MessageType, out var type) || type == name);
    }

    /// <summary>What messages of a type are called: the Protobuf full name, or the type's own.</summary>
    public static string NameOf<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>() =>
        typeof(IMessage).IsAssignableFrom(typeof(T)) ? ((IMessage)Activator.CreateInstance<T>()!).Descriptor.FullName : JsonBody.NameOf<T>();

    private JsonTypeInfo<T> Describe<T>() => (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T));

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where reflection is switched off, types come from the resolver that is given.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Where reflection is switched off, types come from the resolver that is given.")]
    private static IJsonTypeInfoResolver FindResolver() =>
        JsonSerializer.IsReflectionEnabledByDefault ? new DefaultJsonTypeInfoResolver() : JsonTypeInfoResolver.Combine();
}
