using P2PGrpc.Client;

namespace P2PGrpc.Cli.Commands;

/// <summary>A line that was sent in a chat and is accepted, but not yet known to be delivered.</summary>
/// <param name="Message">The message, with its message_id.</param>
/// <param name="Log">The log that holds it.</param>
/// <param name="Sequence">Its place there.</param>
/// <param name="Delivered">Completes when it is delivered.</param>
internal sealed record SentLine(OutgoingMessage Message, string Log, ulong Sequence, TaskCompletionSource Delivered)
{
    /// <summary>Whether it stands on the screen as accepted, so that its delivery is worth a line of its own.</summary>
    public bool Shown { get; set; }

    public static SentLine Create(OutgoingMessage message, SendReceipt receipt)
    {
        var slash = receipt.Reference.LastIndexOf('/');
        var sequence = slash > 0 && ulong.TryParse(receipt.Reference.AsSpan(slash + 1), out var number) ? number : 0;
        return new SentLine(
            message, receipt.Reference[..Math.Max(slash, 0)], sequence, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
