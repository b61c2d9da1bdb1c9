namespace P2PGrpc.Client;

/// <summary>The other side answered a request with an error. Control characters of its text and its reason are shown as escapes here.</summary>
public sealed class RemoteRequestException : Exception
{
    /// <summary>The reason where the handler failed and did not say why.</summary>
    public const string Failed = "REQUEST_FAILED";

    /// <summary>An error as a requester gets it: for tests of what a program does about it.</summary>
    /// <param name="reason">What went wrong, as the other side names it.</param>
    /// <param name="message">A sentence for people.</param>
    /// <param name="reply">The reply itself.</param>
    public RemoteRequestException(string reason, string message, ReceivedMessage reply)
        : base(message)
    {
        ArgumentNullException.ThrowIfNull(reason);
        ArgumentNullException.ThrowIfNull(reply);
        Reason = reason;
        Reply = reply;
    }

    /// <summary>What went wrong, as the other side names it: the reason of its <see cref="RequestRejectedException"/>, or <see cref="Failed"/>.</summary>
    public string Reason { get; }

    /// <summary>The reply itself.</summary>
    public ReceivedMessage Reply { get; }

    /// <summary>The error that a reply is. What another node wrote may end in a log; the reply itself has it as it came.</summary>
    internal static RemoteRequestException From(ReceivedMessage reply) => new(
        VisibleText.Escape(reply.Headers[MessageHeaders.ReplyError]),
        reply.Text is { Length: > 0 } text ? VisibleText.Escape(text) : "The other side answered with an error and said no more.",
        reply);
}
