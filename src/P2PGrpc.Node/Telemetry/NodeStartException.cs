namespace P2PGrpc.Node.Telemetry;

/// <summary>Something keeps a node from starting.</summary>
/// <param name="reason">A stable upper-case name, such as KEY_FILE_MODE, for programs.</param>
/// <param name="message">One or two sentences for people: what happened, and what to do.</param>
/// <param name="inner">What lies beneath, if anything.</param>
public sealed class NodeStartException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A stable upper-case name, such as KEY_FILE_MODE, for programs.</summary>
    public string Reason { get; } = reason;
}
