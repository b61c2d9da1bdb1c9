namespace P2PGrpc.Client;

/// <summary>A handler failed for good with a message.</summary>
/// <param name="Handler">Which one.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Error">Why it failed the last time.</param>
internal sealed record HandlerFailure(HandlerRegistration Handler, int Attempts, Exception Error);
