namespace P2PGrpc.Node.Upkeep;

/// <summary>What a verification has found.</summary>
/// <param name="Logs">How many logs there are.</param>
/// <param name="Segments">How many segments were looked at, whole or not.</param>
/// <param name="Messages">How many messages they hold, those that were erased included.</param>
/// <param name="Erased">How many segments hold nothing but their headers, because they were erased on purpose.</param>
/// <param name="Faults">How many faults were found.</param>
internal sealed record VerificationReport(ulong Logs, ulong Segments, ulong Messages, ulong Erased, ulong Faults)
{
    /// <summary>How many of the faults are of the tables and indexes themselves, which nothing that peers hold can mend.</summary>
    public ulong StructureFaults { get; init; }
}
