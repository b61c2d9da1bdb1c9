namespace P2PGrpc.Client;

/// <summary>Thrown by the handler of a request to answer it with an error, at once and without another attempt. The requester gets a <see cref="RemoteRequestException"/>.</summary>
public sealed class RequestRejectedException : Exception
{
    /// <summary>Says why.</summary>
    /// <param name="reason">A stable upper-case name, at most 64 characters.</param>
    /// <param name="message">A sentence for people. Both are shown to the requester.</param>
    public RequestRejectedException(string reason, string message)
        : base(message)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        ArgumentException.ThrowIfNullOrEmpty(message);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(reason.Length, 64, nameof(reason));
        Reason = reason;
    }

    /// <summary>The name to decide by.</summary>
    public string Reason { get; }
}
