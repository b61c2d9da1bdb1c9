namespace P2PGrpc.Client;

/// <summary>Whether the handlers of a client get messages now; for its health. Thread-safe.</summary>
internal sealed class HandlerStanding
{
    private volatile Exception? fault;

    /// <summary>Why they get none; null while they do.</summary>
    public Exception? Fault
    {
        get => fault;
        set => fault = value;
    }
}
