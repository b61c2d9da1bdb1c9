namespace P2PGrpc.Checkers;

/// <summary>K1: lost = accepted − read, and unexpected = read − attempted. Both must be empty on each node (D1, S1). Pure.</summary>
internal static class SetChecker
{
    /// <param name="attempted">Everything that was handed to the author's node, whatever it answered.</param>
    /// <param name="accepted">What the node answered OK.</param>
    /// <param name="read">What one node holds.</param>
    /// <returns>A sentence for each fault; none if all is well.</returns>
    public static IReadOnlyList<string> Find(IEnumerable<string> attempted, IEnumerable<string> accepted, IEnumerable<string> read)
    {
        var held = read.ToHashSet(StringComparer.Ordinal);
        return
        [
            .. accepted.Distinct(StringComparer.Ordinal).Where(message => !held.Contains(message)).Select(message => $"lost: {message}"),
            .. held.Except(attempted, StringComparer.Ordinal).Select(message => $"unexpected: {message}"),
        ];
    }
}
