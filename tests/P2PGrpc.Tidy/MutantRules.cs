namespace P2PGrpc.Tidy;

/// <summary>The planted bugs of tests/mutants still fit the code that they are planted in.</summary>
internal static class MutantRules
{
    /// <param name="mutant">A file of tests/mutants.</param>
    /// <param name="read">The text of a file of the repository, or null if there is none.</param>
    public static IEnumerable<string> Check(SourceFile mutant, Func<string, string?> read)
    {
        foreach (var key in new[] { "promise", "file", "tests", "what" })
        {
            if (!mutant.Text.Contains($"{key}: ", StringComparison.Ordinal)) yield return $"{mutant}: the line '{key}:' is missing";
        }
        var file = Between(mutant.Text, "file: ", "\n");
        var find = Between(mutant.Text, "<<<<\n", "\n====\n");
        if (file is null || find is null || !mutant.Text.Contains("\n>>>>\n", StringComparison.Ordinal))
        {
            yield return $"{mutant}: it is not of the form that build/mutants.py reads";
            yield break;
        }
        if (read(file) is not { } code)
            yield return $"{mutant}: there is no file {file}";
        else if (code.Split(find).Length != 2)
            yield return $"{mutant}: its text occurs {code.Split(find).Length - 1} times in {file}; write it anew";
    }

    private static string? Between(string text, string begin, string end)
    {
        var from = text.IndexOf(begin, StringComparison.Ordinal);
        var to = from < 0 ? -1 : text.IndexOf(end, from + begin.Length, StringComparison.Ordinal);
        return to < 0 ? null : text[(from + begin.Length)..to];
    }
}
