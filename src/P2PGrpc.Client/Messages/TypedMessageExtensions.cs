using System.Text.Json.Serialization.Metadata;

namespace P2PGrpc.Client;

/// <summary>Typed messages. All members may be used by many threads at once.</summary>
public static class TypedMessageExtensions
{
    /// <summary>
    /// Makes the message that a typed send makes, for whoever wants headers or a message_id on it, or gives it to SendManyAsync:
    /// <c>client.CreateMessage(order).WithHeader("tenant", "acme") with { MessageId = $"order-{order.Number}" }</c>.
    /// </summary>
    /// <param name="client">The client, whose <see cref="P2PGrpcClientOptions.UseJson"/> says how JSON is written.</param>
    /// <param name="message">What: a Protobuf message, a text, or what is written as JSON.</param>
    /// <exception cref="ArgumentException">Bytes, or a received message: these are no typed messages.</exception>
    public static OutgoingMessage CreateMessage<T>(this P2PGrpcClient client, T message)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.Serializer.Write(message);
    }

    /// <summary>
    /// Sends a typed message: a Protobuf message under its full name as the content type, a text as text, anything else as JSON; headers and a message_id are added
    /// to what <see cref="CreateMessage{T}"/> makes. A program that is trimmed or compiled ahead of
    /// time gives the types of its JSON messages by <see cref="P2PGrpcClientOptions.UseJson"/>.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="to">Where to: an alias, a PeerId, host:port, #room, or "self".</param>
    /// <param name="message">What.</param>
    /// <param name="settings">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting. The message may have been taken.</param>
    /// <exception cref="ArgumentException">Bytes, or a received message: these are no typed messages.</exception>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public static Task<SendReceipt> SendAsync<T>(
        this P2PGrpcClient client, string to, T message, SendSettings? settings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.SendAsync(to, client.Serializer.Write(message), settings, cancellationToken);
    }

    /// <summary>Sends a value as JSON, written as a source-generated context says.</summary>
    /// <param name="client">The client.</param>
    /// <param name="to">Where to: an alias, a PeerId, host:port, #room, or "self".</param>
    /// <param name="message">What.</param>
    /// <param name="typeInfo">How it is written.</param>
    /// <param name="settings">How it is sent; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting. The message may have been taken.</param>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public static Task<SendReceipt> SendAsync<T>(
        this P2PGrpcClient client, string to, T message, JsonTypeInfo<T> typeInfo, SendSettings? settings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.SendAsync(to, OutgoingMessage.FromJson(message, typeInfo), settings, cancellationToken);
    }
}
