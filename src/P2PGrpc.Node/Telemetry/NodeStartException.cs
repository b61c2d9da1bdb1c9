namespace P2PGrpc.Node.Telemetry;

/// <summary>A node can't start. The message says in a sentence or two what happened and what to do about it.</summary>
/// <param name="reason">A stable name in upper case, such as DIRECTORY_IN_USE, for programs.</param>
/// <param name="message">For people.</param>
/// <param name="inner">What caused it, if an exception did.</param>
public sealed class NodeStartException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A stable name in upper case, for programs.</summary>
    public string Reason { get; } = reason;
}
