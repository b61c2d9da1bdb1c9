namespace P2PGrpc.Checkers;

/// <summary>K3: nothing is read twice, and what one source sent one after another is read in that order (D3, S5). Pure.</summary>
internal static class OrderChecker
{
    /// <param name="read">What was read, in the order of reading: who sent it, and its number at that sender. Numbers may be missing (a message that
    /// was given up), never repeated, and must rise.</param>
    /// <returns>A sentence for each fault; none if all is well.</returns>
    public static IReadOnlyList<string> Find(IEnumerable<(string Source, long Number)> read)
    {
        var faults = new List<string>();
        var last = new Dictionary<string, long>(StringComparer.Ordinal);
        var seen = new HashSet<(string, long)>();
        foreach (var (source, number) in read)
        {
            if (!seen.Add((source, number)))
                faults.Add($"read twice: {source}:{number}");
            else if (last.TryGetValue(source, out var before) && number < before)
                faults.Add($"out of order: {source}:{number} after {source}:{before}");
            last[source] = number;
        }

        return faults;
    }

    /// <summary>Reads a text of the form <c>source:number</c>, as the load generators write it.</summary>
    /// <exception cref="FormatException">The text has another form.</exception>
    public static (string Source, long Number) Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && long.TryParse(text.AsSpan(colon + 1), null, out var number)
            ? (text[..colon], number)
            : throw new FormatException($"\"{text}\" is not of the form source:number.");
    }
}
