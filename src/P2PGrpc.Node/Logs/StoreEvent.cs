using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>What the writer has to tell once a transaction is durable, in this order.</summary>
internal abstract record StoreEvent
{
    /// <param name="Segment">What became durable.</param>
    /// <param name="Body">Its body; none where it was found on disk.</param>
    internal sealed record Committed(CommittedSegment Segment, ReadOnlyMemory<byte>? Body = null) : StoreEvent;

    internal sealed record Refused(LogId Log, Head Head, StoreFailure Failure) : StoreEvent;

    /// <summary>A segment took a damaged one's place, at this position, or why it did not.</summary>
    internal sealed record Repaired(LogId Log, Head Head, ulong? Position, StoreFailure? Failure) : StoreEvent;

    internal sealed record Erased(ErasedBodies Bodies) : StoreEvent;

    internal sealed record Frozen(LogId Log, ForkProof? Proof) : StoreEvent;
}
