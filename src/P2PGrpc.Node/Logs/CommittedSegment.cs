using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>A segment that has just become durable.</summary>
/// <param name="Header">Its header.</param>
/// <param name="FirstPosition">The feed position of its first entry.</param>
/// <param name="Own">True if this process appended it, false if it was received.</param>
/// <param name="Recovered">True if it was reported as failed and is found on disk after all.</param>
/// <param name="Erased">True if it came without its body, because all who could have sent that have erased it.</param>
internal sealed record CommittedSegment(SegmentHeader Header, ulong FirstPosition, bool Own, bool Recovered = false, bool Erased = false)
{
    /// <summary>What it counts for in quotas, in bytes.</summary>
    public int Weight => Erased ? Header.BareWeight : Header.Weight;

    public ulong LastPosition => FirstPosition + (ulong)Header.Count - 1;
}
