namespace P2PGrpc.Client;

/// <summary>What became of one message of <see cref="P2PGrpcClient.SendManyAsync"/>: exactly one of receipt and error is set.</summary>
public sealed record SendResult
{
    /// <summary>The message, as it was taken from the source.</summary>
    public required OutgoingMessage Message { get; init; }

    /// <summary>The idempotency key that it was sent under; empty for ephemeral messages.</summary>
    public string MessageId { get; init; } = "";

    /// <summary>What is certain about it, if the node took it.</summary>
    public SendReceipt? Receipt { get; init; }

    /// <summary>Why the node refused it, if it did. Later messages are not affected.</summary>
    public P2PGrpcException? Error { get; init; }
}
