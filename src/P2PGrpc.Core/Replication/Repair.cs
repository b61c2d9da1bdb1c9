using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>A place in a log where what lies on disk here is damaged, and who was asked for it. Its deadline is the patience with who was asked, or the pause
/// before all are asked again.</summary>
/// <param name="log">The log.</param>
/// <param name="after">The head right before the damaged segment.</param>
internal sealed class Repair(LogState log, Head after) : Timed
{
    public LogState Log { get; } = log;

    public Head After { get; } = after;

    /// <summary>Who was asked and has not answered.</summary>
    public LinkedLog? Asked { get; set; }

    /// <summary>The links that were asked, so that each is asked once.</summary>
    public HashSet<LinkId> Tried { get; } = [];

    /// <summary>The segment that is with the store to take the damaged one's place.</summary>
    public StoreInFlight? Replacing { get; set; }
}
