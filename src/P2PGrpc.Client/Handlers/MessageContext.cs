using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>The circumstances in which a handler gets a message. Good while the handler runs.</summary>
public sealed class MessageContext
{
    /// <summary>A context as a handler gets it: for tests that call a handler.</summary>
    /// <param name="client">The client by which the message came.</param>
    /// <param name="message">The message; <see cref="ReceivedMessage.Read(MessageBatch)"/> makes one of what a node hands out.</param>
    /// <param name="services">The services that the handler may ask for.</param>
    /// <param name="attempt">Which attempt this is, from 1.</param>
    public MessageContext(P2PGrpcClient client, ReceivedMessage message, IServiceProvider services, int attempt = 1)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(services);
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        Client = client;
        Message = message;
        Services = services;
        Attempt = attempt;
    }

    /// <summary>The client by which the message came.</summary>
    public P2PGrpcClient Client { get; }

    /// <summary>The message.</summary>
    public ReceivedMessage Message { get; }

    /// <summary>The services of a scope that ends with this attempt.</summary>
    public IServiceProvider Services { get; }

    /// <summary>Which attempt this is, from 1, as far as this process knows.</summary>
    public int Attempt { get; }

    /// <summary>Replies to the message, which must be a request; see <see cref="RequestExtensions.ReplyAsync{T}(P2PGrpcClient, ReceivedMessage, T, CancellationToken)"/>.</summary>
    /// <param name="reply">The reply: a Protobuf message, a text, an <see cref="OutgoingMessage"/>, or what is written as JSON.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task ReplyAsync<T>(T reply, CancellationToken cancellationToken = default) => Client.ReplyAsync(Message, reply, cancellationToken);
}
