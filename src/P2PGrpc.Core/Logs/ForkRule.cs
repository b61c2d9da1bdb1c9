namespace P2PGrpc.Core.Logs;

/// <summary>Two headers that prove that an author signed two different segments at one place.</summary>
internal sealed record ForkProof(SegmentHeader First, SegmentHeader Second);

/// <summary>Recognizes forks. Pure.</summary>
internal static class ForkRule
{
    /// <summary>True if the two can't stand in one chain: one log, overlapping ranges, and not the same segment. Within one chain
    /// ranges never overlap, so neither can be the other's ancestor. Signatures must have been verified.</summary>
    public static bool Proves(SegmentHeader first, SegmentHeader second) =>
        first.LogId == second.LogId
        && first.Hash != second.Hash
        && first.FirstSequence <= second.LastSequence
        && second.FirstSequence <= first.LastSequence;
}
