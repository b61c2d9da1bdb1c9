using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>A segment of the feed. Header and body were verified when they were read.</summary>
/// <param name="FirstPosition">The position of its first entry.</param>
/// <param name="Header">Its header.</param>
/// <param name="Body">Its body; empty if that was erased.</param>
/// <param name="Erased">True if only the header is left.</param>
internal sealed record FeedSegment(ulong FirstPosition, SegmentHeader Header, ReadOnlyMemory<byte> Body, bool Erased = false)
{
    public ulong LastPosition => FirstPosition + (ulong)Header.Count - 1;
}

/// <summary>A place of the feed whose segment can't be read. Reading goes on after <paramref name="LastPosition"/>.</summary>
/// <param name="FirstPosition">The first entry that can't be read.</param>
/// <param name="LastPosition">The last one.</param>
/// <param name="CanBeFetched">Whether peers can be asked for it: its place in its log is known.</param>
internal sealed record DamagedSegment(ulong FirstPosition, ulong LastPosition, bool CanBeFetched);

/// <summary>A stretch of the feed.</summary>
/// <param name="Segments">In order of position. The first may begin at or before the asked-for place.</param>
/// <param name="Damaged">The place where reading stopped because what stands there fails its hash, or is gone; null if none.</param>
internal sealed record FeedPage(IReadOnlyList<FeedSegment> Segments, DamagedSegment? Damaged);

/// <summary>A place in this node's feed.</summary>
/// <param name="Position">The position of the last entry before it.</param>
/// <param name="Check">The first eight bytes of the hash of the segment that holds that entry.</param>
internal readonly record struct FeedCursor(ulong Position, ulong Check);
