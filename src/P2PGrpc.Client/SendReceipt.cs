using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>What is certain about a message that was handed over.</summary>
public sealed record SendReceipt
{
    /// <summary>The message's reference, "log/sequence", by which it is known everywhere. Empty for ephemeral messages.</summary>
    public required string Reference { get; init; }

    /// <summary>
    /// <see cref="DeliveryState.Accepted"/>: on the node's disk, it will arrive whatever happens next.
    /// <see cref="DeliveryState.Delivered"/>: on the recipient's disk too.
    /// <see cref="DeliveryState.Sent"/>: ephemeral, handed to the link.
    /// </summary>
    public required DeliveryState State { get; init; }
}
