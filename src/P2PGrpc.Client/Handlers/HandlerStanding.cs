namespace P2PGrpc.Client;

/// <summary>Whether the handlers of a client get messages now; for its health. Thread-safe.</summary>
internal sealed class HandlerStanding
{
    private volatile Exception? fault;
    private volatile bool hasRead;

    /// <summary>Whether the node has answered their subscription once: from then on it knows the consumer.</summary>
    public bool HasRead => hasRead;

    /// <summary>Why they get none; null while they do.</summary>
    public Exception? Fault
    {
        get => fault;
        set => fault = value;
    }

    /// <summary>The node has answered: they get their messages.</summary>
    public void Succeed()
    {
        fault = null;
        hasRead = true;
    }
}
