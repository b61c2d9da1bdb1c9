namespace P2PGrpc.Client;

/// <summary>Answers requests of one type; added by <c>AddRequestHandler</c>. Made anew for each request, with its dependencies, in a scope of its own.</summary>
/// <typeparam name="TRequest">A Protobuf message, <see cref="string"/> for texts, or a type that is read from JSON.</typeparam>
/// <typeparam name="TReply">As for requests.</typeparam>
public interface IRequestHandler<in TRequest, TReply>
{
    /// <summary>Answers a request. The reply is on the node's disk before the request is acknowledged.</summary>
    /// <param name="request">What the request holds.</param>
    /// <param name="context">The message itself, and the circumstances.</param>
    /// <param name="cancellationToken">Ends when the host stops; the request then comes again after the next start.</param>
    /// <returns>The reply.</returns>
    /// <exception cref="RequestRejectedException">The request is answered with an error.</exception>
    Task<TReply> HandleAsync(TRequest request, MessageContext context, CancellationToken cancellationToken);
}
