namespace P2PGrpc.Client;

/// <summary>Handles messages; added by <c>AddHandler</c>. Made anew for each message, with its dependencies, in a scope of its own.</summary>
public interface IMessageHandler
{
    /// <summary>Handles a message, which is acknowledged when this returns. After a crash it may come again.</summary>
    /// <param name="message">The message.</param>
    /// <param name="context">The circumstances.</param>
    /// <param name="cancellationToken">Ends when the host stops; the message then comes again after the next start.</param>
    Task HandleAsync(ReceivedMessage message, MessageContext context, CancellationToken cancellationToken);
}

/// <summary>Handles messages of one type; added by <c>AddHandler</c>. Made anew for each message, with its dependencies, in a scope of its own.</summary>
/// <typeparam name="T">A Protobuf message, <see cref="string"/> for texts, or a type that is read from JSON.</typeparam>
public interface IMessageHandler<in T>
{
    /// <summary>Handles a message, which is acknowledged when this returns. After a crash it may come again.</summary>
    /// <param name="message">What the message holds.</param>
    /// <param name="context">The message itself, and the circumstances.</param>
    /// <param name="cancellationToken">Ends when the host stops; the message then comes again after the next start.</param>
    Task HandleAsync(T message, MessageContext context, CancellationToken cancellationToken);
}
