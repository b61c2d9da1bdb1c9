using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>Stands for a segment's body, which the replicator never looks at. The shell derives from it to hold the bytes.
/// Each handle that goes in comes out exactly once: in a Store, a SendSegments or a Release.</summary>
internal abstract class BodyHandle
{
    /// <summary>What a segment with this body counts for in credit, in bytes.</summary>
    public int Weigh(SegmentHeader header) => this is ErasedBody ? header.BareWeight : header.Weight;
}

/// <summary>Stands for a body that its holder has erased: only the header goes on.</summary>
internal sealed class ErasedBody : BodyHandle;
