using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>A log whose first segment was turned away because its author's log before it is not here yet. Its deadline is the end of the patience.</summary>
internal sealed class Successor(LogState log, LogId predecessor, ulong sequence) : Timed
{
    public LogState Log { get; } = log;

    public LogId Predecessor { get; } = predecessor;

    /// <summary>How far the predecessor went when the log began.</summary>
    public ulong Sequence { get; } = sequence;
}
