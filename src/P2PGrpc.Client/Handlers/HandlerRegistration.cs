namespace P2PGrpc.Client;

/// <summary>A handler as it was added to a client. Immutable.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Accepts">Which messages it gets.</param>
/// <param name="HandleAsync">What it does.</param>
/// <param name="GiveUpAsync">What is still to be done when it failed for good, and the dead letter is written: the error reply to a request. Null for handlers of messages.</param>
internal sealed record HandlerRegistration(
    string Name,
    Func<ReceivedMessage, bool> Accepts,
    Func<MessageContext, CancellationToken, Task> HandleAsync,
    Func<P2PGrpcClient, ReceivedMessage, CancellationToken, Task>? GiveUpAsync = null)
{
    /// <summary>Whether somebody waits for what it does.</summary>
    public bool AnswersRequests => GiveUpAsync is not null;
}
