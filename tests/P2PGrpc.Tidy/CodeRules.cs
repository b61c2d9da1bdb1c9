using System.Text.RegularExpressions;

namespace P2PGrpc.Tidy;

/// <summary>What a single file must keep: names, length, words, the purity of Core, documentation.</summary>
internal static partial class CodeRules
{
    /// <summary>The longest that a source file may be, in lines. Longer ones have more than one job.</summary>
    public const int SourceLines = 400;

    /// <summary>The longest that a method of a source file may be, in lines of its body. Most are far shorter.</summary>
    public const int MethodLines = 50;

    /// <summary>The longest that a test file may be, in lines.</summary>
    public const int TestLines = 500;

    // Written in two halves, so that this file keeps its own rule.
    private static readonly string[] BannedWords = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X"];

    private const string HomePath = "/ho" + "me/";

    private static readonly string[] MachinePaths = ["/wo" + "rk/", "/ro" + "ot/", HomePath];

    /// <summary>Names that say nothing of what a thing does.</summary>
    public static IEnumerable<string> CheckNames(SourceFile file)
    {
        foreach (var part in file.Path.Split('/').Where(part => BannedName().IsMatch(Path.GetFileNameWithoutExtension(part))))
            yield return $"{file}: '{part}' says nothing of its job";
        if (!file.Path.EndsWith(".cs", StringComparison.Ordinal)) yield break;
        foreach (Match match in TypeName().Matches(file.Code).Where(match => BannedName().IsMatch(match.Groups[1].Value)))
            yield return $"{file}: the type {match.Groups[1].Value} has a name that says nothing of its job";
    }

    public static IEnumerable<string> CheckLength(SourceFile file)
    {
        if (!file.Path.EndsWith(".cs", StringComparison.Ordinal)) yield break;
        var limit = file.Path.StartsWith("src/", StringComparison.Ordinal) ? SourceLines : TestLines;
        var lines = file.Text.TrimEnd('\n').Count(c => c == '\n') + 1;
        if (lines > limit) yield return $"{file}: {lines} lines; more than {limit} is more than one job";
    }

    /// <summary>Methods, found by the indentation that formatting gives them.</summary>
    public static IEnumerable<string> CheckMethods(SourceFile file)
    {
        if (!file.Path.StartsWith("src/", StringComparison.Ordinal) || !file.Path.EndsWith(".cs", StringComparison.Ordinal)) yield break;
        var lines = file.Lines;
        var header = "";
        var begin = -1;
        for (var i = 0; i < lines.Length; i++)
        {
            if (MemberHeader().IsMatch(lines[i])) header = lines[i];
            if (lines[i] == "    {") begin = i;
            if (lines[i] != "    }" || begin < 0) continue;
            if (i - begin - 1 > MethodLines && !NestedType().IsMatch(header))
                yield return $"{file}:{begin}: {i - begin - 1} lines; a method of more than {MethodLines} has more than one job";
            begin = -1;
        }
    }

    /// <summary>Notes of unfinished work, and paths that exist on one machine only.</summary>
    public static IEnumerable<string> CheckWords(SourceFile file)
    {
        var lines = file.Lines;
        for (var i = 0; i < lines.Length; i++)
        {
            foreach (var word in BannedWords.Where(word => Regex.IsMatch(lines[i], $@"\b{word}\b")))
                yield return $"{file}:{i + 1}: {word}: do it or file it";
            // Tests may need a made-up home directory as a sample.
            foreach (var path in MachinePaths.Where(path => lines[i].Contains(path, StringComparison.Ordinal))
                .Where(path => path != HomePath || !file.Path.StartsWith("tests/", StringComparison.Ordinal)))
                yield return $"{file}:{i + 1}: {path} is a path of one machine";
        }
    }

    /// <summary>Classes in parts, other than those of which a generator writes one.</summary>
    public static IEnumerable<string> CheckParts(SourceFile file)
    {
        if (!file.Path.EndsWith(".cs", StringComparison.Ordinal)) yield break;
        if (PartialType().IsMatch(file.Code) && !Generated().IsMatch(file.Code))
            yield return $"{file}: a class in parts: give each job a class of its own";
    }

    /// <summary>Tasks, clocks, files, sockets and threads in Core, whose rules are pure.</summary>
    public static IEnumerable<string> CheckPurity(SourceFile file)
    {
        if (!file.Path.StartsWith("src/P2PGrpc.Core/", StringComparison.Ordinal)) yield break;
        if (!file.Path.EndsWith(".cs", StringComparison.Ordinal)) yield break;
        foreach (var name in Impure().Matches(file.Code).Select(match => match.Value).Distinct(StringComparer.Ordinal))
            yield return $"{file}: {name} has no place in Core: its rules know no tasks, clocks, I/O or chance";
    }

    /// <summary>Public types of what others embed that have no documentation.</summary>
    public static IEnumerable<string> CheckDocumentation(SourceFile file)
    {
        if (file.Project is not ("P2PGrpc.Node" or "P2PGrpc.Client" or "P2PGrpc.Testing")) yield break;
        if (!file.Path.StartsWith("src/", StringComparison.Ordinal) || !file.Path.EndsWith(".cs", StringComparison.Ordinal)) yield break;
        var lines = file.Lines;
        for (var i = 0; i < lines.Length; i++)
        {
            if (!PublicType().IsMatch(lines[i])) continue;
            var above = i - 1;
            while (above >= 0 && lines[above].TrimStart().StartsWith('[')) above--;
            if (above < 0 || !lines[above].TrimStart().StartsWith("///", StringComparison.Ordinal))
                yield return $"{file}:{i + 1}: a public type without documentation: {lines[i].Trim()}";
        }
    }

    [GeneratedRegex(@"(?:Utils?|Utilit(?:y|ies)|Helpers?|Manager|Common|Base|Impl)(?![a-z0-9])")]
    private static partial Regex BannedName();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record)\s+(?:class\s+|struct\s+)?([A-Z]\w*)")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"\b(?:System\.IO|System\.Net|System\.Threading|Process|Tasks?|ValueTask|DateTime|Stopwatch|TimeProvider|File|FileStream|Directory|Socket|Thread|Console|Environment|Random|async|await)\b")]
    private static partial Regex Impure();

    [GeneratedRegex(@"^\s*public\s+(?:(?:sealed|static|abstract|readonly|partial|ref)\s+)*(?:class|struct|interface|enum|record|delegate)\b")]
    private static partial Regex PublicType();

    [GeneratedRegex(@"\bpartial\s+(?:class|record|struct|interface)\b")]
    private static partial Regex PartialType();

    /// <summary>The attributes by which generators find what they complete.</summary>
    [GeneratedRegex(@"\[(?:GeneratedRegex|LoggerMessage|JsonSerializable|OptionsValidator)\b")]
    private static partial Regex Generated();

    /// <summary>The first line of a member of a type.</summary>
    [GeneratedRegex(@"^    [a-zA-Z]")]
    private static partial Regex MemberHeader();

    [GeneratedRegex(@"\b(class|record|struct|enum|interface)\b")]
    private static partial Regex NestedType();
}
