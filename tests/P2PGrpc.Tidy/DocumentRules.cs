using System.Text.RegularExpressions;

namespace P2PGrpc.Tidy;

/// <summary>What the documents promise a reader: links that lead somewhere, commands that exist.</summary>
internal static partial class DocumentRules
{
    /// <summary>Relative links that lead to no file or no heading.</summary>
    /// <param name="document">The document, by its path relative to <paramref name="root"/>.</param>
    /// <param name="root">The folder that links may not leave.</param>
    public static IEnumerable<string> CheckLinks(SourceFile document, string root)
    {
        foreach (var target in Links(document.Text))
        {
            var parts = target.Split('#', 2);
            var text = document.Text;
            if (parts[0].Length > 0)
            {
                var full = Path.GetFullPath(Path.Combine(root, Path.GetDirectoryName(document.Path) ?? "", parts[0]));
                if (!File.Exists(full) && !Directory.Exists(full))
                {
                    yield return $"{document}: {target} leads nowhere";
                    continue;
                }
                if (!full.EndsWith(".md", StringComparison.Ordinal)) continue;
                text = File.ReadAllText(full);
            }
            if (parts.Length == 2 && !Anchors(text).Contains(parts[1])) yield return $"{document}: {target}: no such heading";
        }
    }

    /// <summary>`make` targets that a document names and the Makefile lacks.</summary>
    public static IEnumerable<string> CheckMakeTargets(SourceFile document, string makefile)
    {
        var targets = MakeTarget().Matches(makefile).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        return MakeCommand().Matches(document.Text)
            .Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value)
            .Distinct(StringComparer.Ordinal)
            .Where(target => !targets.Contains(target))
            .Select(target => $"{document}: the Makefile has no target '{target}'");
    }

    private static IEnumerable<string> Links(string text) => Link().Matches(InlineCode().Replace(OutsideFences(text), "``"))
        .Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value)
        .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal));

    private static HashSet<string> Anchors(string text)
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        foreach (Match match in Heading().Matches(OutsideFences(text)))
        {
            var plain = NotInAnchors().Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-');
            var anchor = plain;
            for (var i = 1; !anchors.Add(anchor); i++) anchor = $"{plain}-{i}";
        }
        return anchors;
    }

    private static string OutsideFences(string text) => Fence().Replace(text, "");

    [GeneratedRegex(@"^ *```.*?^ *```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"`[^`\n]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\]\(<?([^)\s>]+)>?(?:\s+""[^""]*"")?\)|^\[[^\]]+\]:\s*(\S+)", RegexOptions.Multiline)]
    private static partial Regex Link();

    [GeneratedRegex(@"^#{1,6}\s+(.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}\- _]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"^([a-z][a-z-]*):", RegexOptions.Multiline)]
    private static partial Regex MakeTarget();

    // A command alone on its line or in back-quotes, never the verb in a sentence.
    [GeneratedRegex(@"^[ \t]*(?:\$ )?make ([a-z][a-z-]*)(?=\s*$|[ \t]+#|[ \t]+[A-Z]+=|[ \t]*[;&|])|`make ([a-z][a-z-]*)(?=`| [A-Z]+=)", RegexOptions.Multiline)]
    private static partial Regex MakeCommand();
}
