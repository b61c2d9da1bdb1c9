using P2PGrpc.Core.Logs;

namespace P2PGrpc.Checkers;

/// <summary>K2: a copy of a log is a gapless chain of what its author signed, and two copies of one log are prefixes of one another, byte for byte
/// (S1, S2). Where a copy has erased a body, the body is null and the rest holds all the same. Pure.</summary>
internal static class ChainChecker
{
    /// <summary>Checks one copy from its first segment: places, hashes, bodies, and signatures if asked for, which costs the most.</summary>
    public static IReadOnlyList<string> Find(LogId log, IEnumerable<(SegmentHeader Header, byte[]? Body)> copy, bool signatures = true)
    {
        var faults = new List<string>();
        var head = log.Empty;
        foreach (var (header, body) in copy)
        {
            if (header.LogId != log)
                faults.Add($"{log}/{header.FirstSequence}: the segment is of another log, {header.LogId}");
            if (header.After != head)
                faults.Add($"{log}/{header.FirstSequence}: the segment does not follow {head.Sequence}");
            if (body is not null && !SegmentVerification.BodyMatches(header, body))
                faults.Add($"{log}/{header.FirstSequence}: the body is not the one that was signed");
            if (signatures && SegmentVerification.FindFault(header) is { } fault)
                faults.Add($"{log}/{header.FirstSequence}: {fault}");
            head = header.Head;
        }

        return faults;
    }

    /// <summary>Compares two copies of one log as far as the shorter goes.</summary>
    public static IReadOnlyList<string> Compare(
        IReadOnlyList<(SegmentHeader Header, byte[]? Body)> one, IReadOnlyList<(SegmentHeader Header, byte[]? Body)> other)
    {
        var faults = new List<string>();
        for (var index = 0; index < Math.Min(one.Count, other.Count); index++)
        {
            var (here, there) = (one[index].Header, other[index].Header);
            if (here.Hash != there.Hash || !here.Signature.Span.SequenceEqual(there.Signature.Span)
                || (one[index].Body is { } body && other[index].Body is { } otherBody && !body.AsSpan().SequenceEqual(otherBody)))
                faults.Add($"{one[index].Header.LogId}/{one[index].Header.FirstSequence}: the copies differ");
        }

        return faults;
    }
}
