namespace P2PGrpc.Core.Replication;

/// <summary>Stands for a segment's body, which the replicator never looks at. The shell derives from it to hold the bytes.
/// Each handle that goes in comes out exactly once: in a Store, a SendSegments or a Release.</summary>
internal abstract class BodyHandle;
