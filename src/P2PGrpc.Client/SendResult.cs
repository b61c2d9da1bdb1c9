namespace P2PGrpc.Client;

/// <summary>What became of one message of <see cref="P2PGrpcClient.SendManyAsync"/>: exactly one of receipt and error is set.</summary>
/// <param name="Message">The message, as it was taken from the source.</param>
/// <param name="MessageId">The idempotency key that it was sent under; empty for ephemeral messages.</param>
/// <param name="Receipt">What is certain about it, if the node took it.</param>
/// <param name="Error">Why the node refused it, if it did. Later messages are not affected.</param>
public sealed record SendResult(OutgoingMessage Message, string MessageId, SendReceipt? Receipt, P2PGrpcException? Error);
