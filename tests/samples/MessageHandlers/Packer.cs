using Microsoft.Extensions.Logging;
using P2PGrpc.Client;

namespace MessageHandlers;

/// <summary>Packs an order. It is made for each message, and what it throws has it tried again.</summary>
internal sealed partial class Packer(ILogger<Packer> logger) : IMessageHandler<OrderPlaced>
{
    public async Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken)
    {
        // After a crash the same message may come again: its reference tells, and a message_id made of it keeps the answer single.
        Packing(logger, message.Number, context.Message.Reference);
        var packed = OutgoingMessage.FromText($"order {message.Number} is packed") with { MessageId = $"packed-{context.Message.Reference}" };
        await context.Client.SendAsync(context.Message.Author, packed, cancellationToken: cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "packing order {Number} ({Reference})")]
    private static partial void Packing(ILogger logger, long number, string reference);
}
