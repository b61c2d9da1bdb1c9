using System.Text.RegularExpressions;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>What the documents show, for tests that run it as it stands there.</summary>
internal static partial class Documents
{
    /// <summary>The first block of code in a language.</summary>
    public static string ReadCode(string document, string language) => ReadBlocks(document, language).First();

    /// <summary>The commands of all console blocks, each with the output that stands below it.</summary>
    public static IReadOnlyList<(string Command, string Output)> ReadSession(string document)
    {
        var session = new List<(string Command, string Output)>();
        foreach (var line in ReadBlocks(document, "console").SelectMany(block => block.Split('\n')))
            if (line.StartsWith("$ ", StringComparison.Ordinal))
                session.Add((line[2..], ""));
            else
                session[^1] = (session[^1].Command, session[^1].Output + line + "\n");
        return session;
    }

    /// <summary>The call of the health port in operations.md.</summary>
    public static string ReadHealthCall() => ReadBlocks("operations.md", "sh").Single(block => block.Contains("grpc.health.v1.Health/Check", StringComparison.Ordinal));

    private static IEnumerable<string> ReadBlocks(string document, string language) =>
        Fence().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", document)))
            .Where(match => match.Groups[1].Value == language).Select(match => match.Groups[2].Value.TrimEnd('\n'));

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
