namespace P2PGrpc.Node.Conversations;

/// <summary>Finds names that somebody may have meant. Pure.</summary>
internal static class NearNames
{
    private const int Most = 3;

    /// <summary>At most two letters off, or one name beginning with the other; nearest first.</summary>
    public static IReadOnlyList<string> Find(string wanted, IEnumerable<string> names) =>
        [.. names
            .Select(name => (Name: name, Distance: Distance(wanted, name)))
            .Where(near => near.Distance <= 2
                || (wanted.Length >= 2 && (near.Name.StartsWith(wanted, StringComparison.Ordinal) || wanted.StartsWith(near.Name, StringComparison.Ordinal))))
            .OrderBy(near => near.Distance)
            .ThenBy(near => near.Name, StringComparer.Ordinal)
            .Take(Most)
            .Select(near => near.Name)];

    /// <summary>The edit distance of Levenshtein; names far apart in length need no exact answer.</summary>
    private static int Distance(string one, string other)
    {
        if (Math.Abs(one.Length - other.Length) > 2)
            return int.MaxValue;
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (one[i - 1] == other[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
