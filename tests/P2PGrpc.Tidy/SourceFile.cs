using System.Text.RegularExpressions;

namespace P2PGrpc.Tidy;

/// <summary>A file as the rules see it.</summary>
/// <param name="Path">Relative to the root, with forward slashes.</param>
/// <param name="Text">The whole text.</param>
internal sealed partial record SourceFile(string Path, string Text)
{
    public string Name => System.IO.Path.GetFileName(Path);

    public string[] Lines => Text.Split('\n');

    /// <summary>The C# code with comments and the insides of strings blanked out, line breaks kept.</summary>
    public string Code => NotCode().Replace(Text, match => new string('\n', match.Value.Count(c => c == '\n')) + " ");

    /// <summary>The project under src/ or tests/ that the file belongs to, or an empty string.</summary>
    public string Project => Part(0) is "src" or "tests" ? Part(1) : "";

    /// <summary>The file's folder inside its project, empty at the project's root.</summary>
    public string Folder => Path.Count(c => c == '/') > 2 ? Part(2) : "";

    public override string ToString() => Path;

    private string Part(int index) => Path.Split('/') is { } parts && parts.Length > index + 1 ? parts[index] : "";

    // Raw strings, verbatim strings, plain strings, characters, block and line comments.
    [GeneratedRegex(""""(?s:"""+.*?"""+)|[$]*@[$]*"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|(?s:/\*.*?\*/)|//[^\n]*"""")]
    private static partial Regex NotCode();
}
