using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>What is certain about a message that was handed over.</summary>
/// <param name="Reference">The message's reference, "log/sequence", by which it is known everywhere. Empty for ephemeral messages.</param>
/// <param name="State">
/// <see cref="DeliveryState.Accepted"/>: on the node's disk, it will arrive whatever happens next.
/// <see cref="DeliveryState.Delivered"/>: on the recipient's disk too.
/// <see cref="DeliveryState.Sent"/>: ephemeral, handed to the link.
/// </param>
public sealed record SendReceipt(string Reference, DeliveryState State);
