using System.Text.Json.Serialization.Metadata;

namespace P2PGrpc.Client;

/// <summary>Typed messages. All members may be used by many threads at once.</summary>
public static class TypedMessageExtensions
{
    /// <summary>
    /// Sends a typed message: a Protobuf message under its full name as the content type, anything else as JSON. A program that is trimmed or compiled ahead of
    /// time gives the types of its JSON messages by <see cref="P2PGrpcClientOptions.UseJson"/>.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="to">Where to: an alias, a PeerId, host:port, #room, or "self".</param>
    /// <param name="message">What.</param>
    /// <param name="settings">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting. The message may have been taken.</param>
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
