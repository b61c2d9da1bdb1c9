namespace P2PGrpc.Client;

/// <summary>A message of an outbox that is still to be sent.</summary>
/// <param name="Sequence">Its place in the order of sending.</param>
/// <param name="To">The recipient.</param>
/// <param name="Message">The message, with its message_id.</param>
internal sealed record OutboxRow(long Sequence, string To, OutgoingMessage Message);
