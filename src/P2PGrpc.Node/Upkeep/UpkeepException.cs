namespace P2PGrpc.Node.Upkeep;

/// <summary>A backup, a restoration, a verification or an exchange of keys that can't be done.</summary>
/// <param name="reason">A stable upper-case name for programs, such as BACKUP_DAMAGED.</param>
/// <param name="message">One or two sentences for people: what happened, and what to do.</param>
/// <param name="inner">What lies beneath, if anything.</param>
internal sealed class UpkeepException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A stable upper-case name for programs, such as BACKUP_DAMAGED.</summary>
    public string Reason { get; } = reason;
}
