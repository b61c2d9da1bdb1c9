using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Delivery;

/// <summary>A segment of a stretch.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="After">The position after which what is wanted of it begins.</param>
/// <param name="Erased">If its body was erased: how many messages are missing, those of the log's next segments counted that were erased, too. 0 if it is whole.</param>
internal readonly record struct StretchSegment(FeedSegment Segment, ulong After, ulong Erased);
