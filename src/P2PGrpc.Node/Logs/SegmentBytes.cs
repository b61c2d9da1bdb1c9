using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>The bytes of a segment's body, as they pass through the replicator. Nobody may change them.</summary>
internal sealed class SegmentBytes(ReadOnlyMemory<byte> body) : BodyHandle
{
    public ReadOnlyMemory<byte> Body { get; } = body;
}
