namespace P2PGrpc.Core.Logs;

/// <summary>What to do with a segment that arrived for a log.</summary>
internal enum AppendVerdict
{
    /// <summary>It follows the head: store it.</summary>
    Next,

    /// <summary>It lies at or below the head: it is held already, acknowledge it.</summary>
    Duplicate,

    /// <summary>Something between the head and it is missing: want it from the head.</summary>
    Gap,

    /// <summary>It claims a place that another segment of the same author holds.</summary>
    Fork,
}

/// <summary>Decides about segments by headers alone. Pure.</summary>
internal static class AppendRule
{
    /// <summary>Judges a verified header against a head. Below the head only the last segment is known here, so an older place counts
    /// as a duplicate: whoever holds the older header finds forks there with <see cref="ForkRule"/>.</summary>
    public static AppendVerdict Judge(Head head, SegmentHeader header)
    {
        if (header.FirstSequence == head.Sequence + 1)
            return header.Previous == head.Hash ? AppendVerdict.Next : AppendVerdict.Fork;
        if (header.FirstSequence > head.Sequence + 1)
            return AppendVerdict.Gap;
        if (header.LastSequence == head.Sequence)
            return header.Hash == head.Hash ? AppendVerdict.Duplicate : AppendVerdict.Fork;
        return header.LastSequence > head.Sequence ? AppendVerdict.Fork : AppendVerdict.Duplicate;
    }
}
